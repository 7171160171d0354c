/** A configuration is a page; what is larger is some other file. Also bounds the time that parsing may take. */
export const maxConfigBytes = 16 * 1024;
