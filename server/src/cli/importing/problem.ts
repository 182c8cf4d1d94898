/** The file cannot be imported, or not further than this; the message says why, to a person. */
export class ImportProblem extends Error {}
