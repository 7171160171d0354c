/**
 * What this build is. The bundler replaces the two names (build/bundle.ts); a run from source falls back.
 * The build date is the lowest instant a believed clock can show (P5): this program did not exist before it.
 */
declare const CERTMEND_VERSION: string;
declare const CERTMEND_BUILD_DATE: string;
declare const CERTMEND_PROGRAM: string;

export const version: string = typeof CERTMEND_VERSION === 'undefined' ? '0.0.0-source' : CERTMEND_VERSION;

/** Milliseconds since the epoch. */
export const buildDate: number =
  typeof CERTMEND_BUILD_DATE === 'undefined' ? Date.UTC(2026, 10, 1) : Date.parse(CERTMEND_BUILD_DATE);

/** Another one for each other program, whatever its version says; undefined for one that was not built. */
export const program: string | undefined = typeof CERTMEND_PROGRAM === 'undefined' ? undefined : CERTMEND_PROGRAM;
