/** Names that producers, consumers and the broker's setup share. */
export const topic = "gridata.object-events";
export const dispatcherGroup = "gridata.dispatcher";
