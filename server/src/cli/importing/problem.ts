/** The file cannot be imported beyond this point. The message tells a person why. */
export class ImportProblem extends Error {}
