/** Which recipe makes which kind of tool. */
import type { Recipe } from "../catalogue.ts";
import { makeGo, makeGoBuild, makeJavaBuild } from "./build.ts";
import { makeClassData } from "./class-data.ts";
import { makeJars } from "./jars.ts";
import { makeEnvironment, makeJava, makeSdist, makeUv, makeWheels } from "./python.ts";
import type { Dish, Kitchen } from "./types.ts";

export function make(kitchen: Kitchen, recipe: Recipe): Promise<Dish> {
  switch (recipe.kind) {
    case "uv":
      return makeUv(kitchen);
    case "wheels":
      return makeWheels(kitchen);
    case "java":
      return makeJava(kitchen);
    case "go":
      return makeGo(kitchen, recipe.atLeast);
    case "sdist":
      return makeSdist(kitchen);
    case "python":
      return makeEnvironment(kitchen);
    case "jars":
      return makeJars(kitchen, recipe.set);
    case "go-build":
      return makeGoBuild(kitchen, recipe.module, recipe.binary);
    case "java-build":
      return makeJavaBuild(kitchen, recipe.source, recipe.jar);
    case "class-data":
      return makeClassData(kitchen, recipe.training);
  }
}
