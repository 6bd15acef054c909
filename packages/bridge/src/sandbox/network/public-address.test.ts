import { expect, it } from "vitest";
import { isPublicAddress } from "./public-address.ts";

it.each(["93.184.215.14", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001:81b::200e"])(
  "%s is public",
  (address) => {
    expect(isPublicAddress(address, [])).toBe(true);
  },
);

it.each([
  "127.0.0.1",
  "127.255.255.254",
  "0.0.0.0",
  "10.1.2.3",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "100.100.100.200", // Alibaba's metadata
  "169.254.169.254", // everybody's metadata
  "169.254.170.2",
  "168.63.129.16", // Azure's
  "192.0.0.192", // Oracle's
  "198.18.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::ffff:93.184.215.14",
  "::ffff:7f00:1",
  "64:ff9b::a9fe:a9fe",
  "2002:7f00:1::",
  "2001::1",
  "2001:db8::1",
  "fc00::1",
  "fd00:ec2::254",
  "fe80::1",
  "fe80::1%eth0",
  "ff02::1",
  "2130706433",
  "0x7f.1",
  "localhost",
  "",
])("%s is not [T6]", (address) => {
  expect(isPublicAddress(address, [])).toBe(false);
});

it("the machine's own public address is not [S7]", () => {
  expect(isPublicAddress("93.184.215.14", ["127.0.0.1", "93.184.215.14"])).toBe(false);
});
