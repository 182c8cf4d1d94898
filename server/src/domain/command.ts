/**
 * The name of the command line: `./colloquy` in a checkout, `colloquy` where the package is installed. Neither of them
 * downloads anything. A package runner such as npx would, if no package of that name were installed.
 */
export const COMMAND = /[\\/]node_modules[\\/]/.test(import.meta.dirname)
  ? "colloquy"
  : "./colloquy";
