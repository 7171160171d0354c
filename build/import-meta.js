/* global __filename, require -- put into CommonJS, which has them */
import { pathToFileURL } from 'node:url';

// For the modules of the program that ask for import.meta.url and import.meta.main.
export const moduleUrl = pathToFileURL(__filename).href;
export const isMain = require.main?.filename === __filename;
