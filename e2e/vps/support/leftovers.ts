export const filesBefore = "/root/files-before-the-installation";
export const usersBefore = "/root/users-before-the-installation";

// What the system itself writes all the time, and what these tests brought.
const elsewhere = ["/proc", "/sys", "/run", "/dev", "/tmp", "/var/tmp", "/var/log", "/var/lib/systemd", "/root"];

/** Prints the paths of all files and folders of the server. */
export const listFiles = `find / -xdev \\( ${elsewhere.map((path) => `-path ${path}`).join(" -o ")} \\) -prune -o -print | sort`;
