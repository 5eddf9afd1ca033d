/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of hvctl's commands, by name. Each command has a file of its own. */
#include "hvctl/command.h"

const struct command_entry command_table[] = {
    {"block-attach", "DOMAIN SPECIFICATION...", "give a guest a disk (as disk=[...] has it)", NULL, cmd_block_attach},
    {"block-detach", "[-f] DOMAIN VDEV|DEVICE", "take a disk from a guest",
     "  -f, --force   also when the guest does not let go of it\n", cmd_block_detach},
    {"block-list", "DOMAIN...", "list the disks of guests", NULL, cmd_block_list},
    {"block-resize", "[--shrink] DOMAIN VDEV [SIZE]", "change the size of a disk, or tell the guest of its new size",
     "      --shrink   also make it smaller\n", cmd_block_resize},
    {"console", "[-s] [-e ESCAPE] DOMAIN", "attach to a guest's console (Ctrl-] detaches)",
     "  -s, --since-boot      first all that it printed since it started, also of a guest that is gone\n"
     "  -e, --escape ESCAPE   detach with this character, or ^X for Ctrl-X\n"
     "  -t, --type pv         accepted for xl's sake\n"
     "  -n, --num 0           accepted for xl's sake\n"
     "  --log-dir DIR         where the logs are\n",
     cmd_console},
    {"config-update", "DOMAIN FILE [KEY=VALUE...]", "say what a guest shall be after its next restart", NULL,
     cmd_config_update},
    {"create", "FILE [-c] [-p] [KEY=VALUE...]", "create a guest from a configuration",
     "  -c, --console        attach to its console\n"
     "  -p, --paused         do not let it run yet\n"
     "  -q, --quiet          say nothing but errors\n"
     "  -t, --trace          how long each step took\n"
     "  -n, --dryrun         only print the configuration as it was understood\n"
     "  --fail-after=STEP    fail when STEP is done (for tests)\n",
     cmd_create},
    {"debug-keys", "KEYS", "send debug keys to the hypervisor ('h' lists them in its log)", NULL, cmd_debug_keys},
    {"destroy", "DOMAIN...", "end guests at once", NULL, cmd_destroy},
    {"dmesg", "[-c]", "print the hypervisor's log", "  -c, --clear   clear it afterwards\n", cmd_dmesg},
    {"domid", "NAME", "print the id of the domain with this name", NULL, cmd_domid},
    {"domname", "DOMID", "print the name of the domain with this id", NULL, cmd_domname},
    {"dump-core", "DOMAIN FILE", "write a guest's memory to a file for crash tools (-: stdout)", NULL, cmd_dump_core},
    {"events", "[-n COUNT] [-t SECONDS] [-i SECONDS]", "follow the life of domains in JSON lines",
     "  -n, --count COUNT        end after so many events\n"
     "  -t, --timeout SECONDS    end after so long\n"
     "  -i, --interval SECONDS   look at least so often (for pauses, which nothing announces)\n",
     cmd_events},
    {"help", "[COMMAND]", "list all commands, or explain one", NULL, cmd_help},
    {"host", "[--xenstored=PROGRAM] [-t SECONDS] [--no-systemd] [--only=PART] start|stop|status",
     "start, stop or show what dom0 needs for guests",
     "      --xenstored PROGRAM   start this one, for instance Xen's\n"
     "  -t, --timeout SECONDS     wait for each part no longer than that (30)\n"
     "      --no-systemd          do not leave it to systemd\n"
     "      --only PART           only this part\n",
     cmd_host},
    {"info", "[-n]", "print what the hypervisor and the machine are", "  -n, --numa   also topology and NUMA nodes\n",
     cmd_info},
    {"list", "[-lvZcn] [DOMAIN...]", "list domains",
     "  -l, --long      everything, as JSON\n"
     "  -v, --verbose   also UUIDs and why a domain is shut down\n"
     "  -Z, --context   also security labels\n"
     "  -c, --cpupool   also the CPU pool\n"
     "  -n, --numa      also the node affinity\n",
     cmd_list},
    {"mem", "plan [CONFIG...]", "show who has memory, and which guests would fit", NULL, cmd_mem},
    {"mem-max", "DOMAIN SIZE", "set how much memory a domain can have (MiB, or with b, k, m, g, t)", NULL, cmd_mem_max},
    {"mem-min", "DOMAIN SIZE|none", "set how far a domain's memory may be taken for new guests", NULL, cmd_mem_min},
    {"mem-set", "[-w SECONDS|-n] DOMAIN SIZE", "set how much memory a domain shall have (MiB, or with b, k, m, g, t)",
     "  -w, --wait SECONDS   wait for it no longer than that (30)\n"
     "  -n, --no-wait        do not wait until the domain has it\n",
     cmd_mem_set},
    {"network-attach", "DOMAIN [KEY=VALUE...]", "give a guest a network interface (as vif=[...] has it)", NULL,
     cmd_network_attach},
    {"network-detach", "[-f] DOMAIN DEVID|MAC", "take a network interface from a guest",
     "  -f, --force   also when the guest does not let go of it\n", cmd_network_detach},
    {"network-list", "DOMAIN...", "list the network interfaces of guests", NULL, cmd_network_list},
    {"network-setup", "[-b BRIDGE] [-n NIC | -s A.B.C.D/N] [--remove]", "make a network for guests",
     "  -b, --bridge BRIDGE    its bridge (xenbr0)\n"
     "  -n, --nic NIC          put this interface into the bridge: guests are in its network\n"
     "  -s, --subnet NETWORK   without --nic: the guests' own network, behind dom0's address (a free one)\n"
     "      --no-dhcp          give out no addresses\n"
     "      --no-nat           do not let guests out\n"
     "  -r, --remove           undo all that\n",
     cmd_network_setup},
    {"pause", "DOMAIN", "stop a domain's vCPUs", NULL, cmd_pause},
    {"reboot", "[-w] [-t SECONDS] -a|DOMAIN...", "ask guests to reboot",
     "  -a, --all                all guests\n"
     "  -w, --wait               wait until they ended\n"
     "  -t, --timeout SECONDS    wait no longer than that\n",
     cmd_reboot},
    {"rename", "DOMAIN NAME", "give a domain another name", NULL, cmd_rename},
    {"sched", "[-d DOMAIN [-w WEIGHT] [-c CAP]]", "show or set shares of the CPUs",
     "  -d, --domain DOMAIN   only this one\n"
     "  -w, --weight WEIGHT   its share, 1 to 65535 (256 is usual)\n"
     "  -c, --cap CAP         at most so many percent of one CPU; 0: no limit\n"
     "  -s, --schedparam      only what holds for all domains\n",
     cmd_sched},
    {"sched-credit2", "[-d DOMAIN [-w WEIGHT] [-c CAP]]", "the same as sched", NULL, cmd_sched},
    {"shutdown", "[-w] [-t SECONDS] -a|DOMAIN...", "ask guests to shut down",
     "  -a, --all                all guests\n"
     "  -w, --wait               wait until they ended\n"
     "  -t, --timeout SECONDS    wait no longer than that\n"
     "  -F                       accepted for xl's sake\n",
     cmd_shutdown},
    {"sysrq", "DOMAIN LETTER", "send a system request (SysRq) to a guest's kernel", NULL, cmd_sysrq},
    {"top", "[-b] [-d SECONDS] [-n ITERATIONS] [-v] [-f]", "show who uses the CPUs",
     "  -b, --batch            tables one after another\n"
     "  -d, --delay SECONDS    between two (3)\n"
     "  -n, --iterations N     end after so many (-i does the same)\n"
     "  -v, --vcpus            also each vCPU's time\n"
     "  -f, --full-name        do not cut names\n",
     cmd_top},
    {"trigger", "DOMAIN nmi|reset|init|power|sleep [VCPU]", "send a trigger to a vCPU", NULL, cmd_trigger},
    {"unpause", "DOMAIN", "let a paused domain run", NULL, cmd_unpause},
    {"uptime", "[-s] [DOMAIN...]", "show since when domains run", "  -s, --short   in one sentence each\n", cmd_uptime},
    {"uuid", "DOMAIN", "print a domain's UUID", NULL, cmd_uuid},
    {"vcpu-list", "[DOMAIN...]", "list vCPUs", NULL, cmd_vcpu_list},
    {"vcpu-pin", "[-f] DOMAIN VCPU|all HARD|-|all [SOFT|-|all]", "set where vCPUs may and would rather run",
     "  -f, --force   undo a pin by the guest's kernel\n", cmd_vcpu_pin},
    {"vcpu-set", "[-i] DOMAIN COUNT", "set how many vCPUs of a guest are online",
     "  -i, --ignore-host   allow more than the machine has CPUs\n", cmd_vcpu_set},
    {"vm-list", "", "list domains by UUID", NULL, cmd_vm_list},
};

const unsigned command_count = sizeof(command_table) / sizeof(command_table[0]);
