// The S3 store of a stack: MinIO as a library with one guard in front of its router, and a command that brings buckets,
// users and notifications to what a file says.
package main

import (
	"fmt"
	"os"

	_ "time/tzdata"

	minio "github.com/minio/minio/cmd"
)

func main() {
	// Days are cut in UTC everywhere.
	os.Setenv("TZ", "UTC")
	if len(os.Args) == 4 && os.Args[1] == "setup" && os.Args[2] == "--config" {
		if err := setup(os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, "gridata-s3 setup:", err)
			os.Exit(1)
		}
		return
	}
	installGuard()
	minio.Main(os.Args)
}
