/**
 * How the command line is called: `./colloquy` in the folder of a checkout, `colloquy` where the package is
 * installed. Neither fetches anything; a package runner such as npx would, where no package of that name is installed.
 */
export const COMMAND = /[\\/]node_modules[\\/]/.test(import.meta.dirname)
  ? "colloquy"
  : "./colloquy";
