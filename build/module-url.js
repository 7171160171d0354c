/* global __filename -- put into CommonJS, which has it */
import { pathToFileURL } from 'node:url';

// For the modules of the program that ask for import.meta.url.
export const moduleUrl = pathToFileURL(__filename).href;
