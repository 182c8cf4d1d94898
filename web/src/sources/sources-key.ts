/** Of what the server says of its sources of tools. */
export const sourcesKey = ["tool-sources"];
