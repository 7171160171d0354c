/** The major version that the program is made for and tested with; `engines` in package.json says the same. */
const oldest = 24;

const { node: version } = process.versions;
if (Number(version.split('.')[0]) < oldest) {
  process.stderr.write(
    `certmend: needs Node.js ${String(oldest)} or later but was started by ${version} (${process.execPath}); the deb and rpm packages bring their own\n`,
  );
  // As for a configuration that cannot work: systemd does not try again.
  process.exit(78);
}
