// Tests are TypeScript and run as they are: the pinned runtime strips the types itself.
// test/system holds what needs root or foreign programs; it has its own runner (npm run test:system).
export default {
  extensions: ['ts'],
  files: ['test/**/*.test.ts', '!test/system/**'],
  timeout: '10m',
  nodeArguments: ['--no-warnings'],
};
