/** Where browsers come back to from the page on which their user has signed in to a source of tools. */
export const TOOL_SIGN_IN_PATH = "/sign-in/tools";
