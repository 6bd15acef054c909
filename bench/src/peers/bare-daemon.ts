// The least that a bridge could be: Node, ws, and the same readings sent each second. URL and folders of figures on the command line.
import { readFileSync, statfsSync } from "node:fs";
import { WebSocket } from "ws";

const [url = "", ...folders] = process.argv.slice(2);
const socket = new WebSocket(url);
const read = (path: string) => readFileSync(path, "utf8");
socket.on("open", () => {
  setInterval(() => {
    const machine = ["/proc/stat", "/proc/meminfo", "/proc/net/dev", "/proc/loadavg"].map((path) => read(path).length);
    const projects = folders.map((folder) =>
      ["cpu", "memory", "tasks"].map((name) => Number(read(`${folder}/${name}`))),
    );
    socket.send(JSON.stringify({ machine, disk: statfsSync("/").bfree, projects }));
  }, 1000);
});
socket.on("close", () => process.exit(0));
