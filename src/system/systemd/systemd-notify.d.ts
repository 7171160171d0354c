/** The package systemd-notify 1.0.0, which comes without types. Rejects with the program's text or its spawn error. */
declare module 'systemd-notify' {
  export default function notify(options: {
    readonly ready?: boolean;
    readonly status?: string;
    readonly pid?: number;
  }): Promise<unknown>;
}
