/** The architectures that the filter knows, and how the kernel names them to it (`linux/audit.h`). */
export const auditArchitectures = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
export type FilteredArchitecture = keyof typeof auditArchitectures;

/** Number on x86-64, number on arm64 (`asm/unistd.h`); null where there is none. */
type Numbers = readonly [number | null, number | null];

/** What no program of a run needs, and what has opened kernels before. Answered with EPERM. */
export const forbiddenCalls: Readonly<Record<string, Numbers>> = {
  // Other processes.
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  process_madvise: [440, 440],
  pidfd_getfd: [438, 438],
  kcmp: [312, 272],
  // Keyrings are not in a namespace.
  keyctl: [250, 219],
  add_key: [248, 217],
  request_key: [249, 218],
  // What is where.
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  mount_setattr: [442, 442],
  move_mount: [429, 429],
  open_tree: [428, 428],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  setns: [308, 268],
  open_by_handle_at: [304, 265],
  name_to_handle_at: [303, 264],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  fanotify_init: [300, 262],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  // The kernel itself.
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  create_module: [174, null],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  get_kernel_syms: [177, null],
  query_module: [178, null],
  syslog: [103, 116],
  lookup_dcookie: [212, 18],
  nfsservctl: [180, 42],
  _sysctl: [156, null],
  sysfs: [139, null],
  uselib: [134, null],
  modify_ldt: [154, null],
  iopl: [172, null],
  ioperm: [173, null],
  vhangup: [153, 58],
  // The machine.
  reboot: [169, 142],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  adjtimex: [159, 171],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  // Memory of other processes, and where it lies.
  mbind: [237, 235],
  set_mempolicy: [238, 237],
  migrate_pages: [256, 238],
  move_pages: [279, 239],
  set_mempolicy_home_node: [450, 450],
};

/**
 * Answered with ENOSYS: programs go another way then. The arguments of clone3 lie in memory, which a filter cannot read; clone
 * does the same.
 */
export const absentCalls: Readonly<Record<string, Numbers>> = {
  clone3: [435, 435],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
};

/** Whose arguments decide. */
export const checkedCalls = {
  clone: [56, 220],
  unshare: [272, 97],
  ioctl: [16, 29],
  socket: [41, 198],
  socketpair: [53, 199],
  personality: [135, 92],
} as const satisfies Record<string, Numbers>;

/** The last call that was looked at for these lists (removexattrat). What a newer kernel adds is absent. */
export const lastKnownCall = 466;

export function callNumber(numbers: Numbers, architecture: FilteredArchitecture): number | null {
  return numbers[architecture === "x64" ? 0 : 1];
}
