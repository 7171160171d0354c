/**
 * Names of what a commit that was cut short leaves beside the files of the node (`commit/staged-name.ts`): staged files,
 * keepsakes and what recovery staged again.
 */
export const strayName = /^\..+\.certmend-[0-9a-f]{16}(?:\.old|\.again)?$/;
