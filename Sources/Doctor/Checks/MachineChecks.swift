/// The distribution's own: Debian's has all that is looked for here, and ticks every 4 ms.
private let newKernel = "apt-get install linux-image-$(dpkg --print-architecture), and boot it"

/// Whether this process may do what the agent does.
struct PrivilegeCheck: Check {
    func examine(_ facts: Facts) -> [Diagnosis] {
        let missing = facts.missingCapabilities
        let needed = missing.filter { $0 != "CAP_SYS_ADMIN" }
        if !needed.isEmpty {
            return [
                Diagnosis(
                    "privileges", .failure, "missing: \(needed.joined(separator: ", "))",
                    remedy: "sudo sluice doctor")
            ]
        }
        if !missing.isEmpty {
            return [
                Diagnosis(
                    "privileges", .warning,
                    "no CAP_SYS_ADMIN: other XDP programs cannot be named, nor a BPF file system mounted",
                    remedy: "sudo sluice doctor")
            ]
        }
        return [Diagnosis("privileges", .ok, "all that is needed")]
    }
}

/// Whether the kernel has what the program calls.
struct KernelCheck: Check {
    func examine(_ facts: Facts) -> [Diagnosis] {
        guard facts.missingFeatures.isEmpty else {
            return [
                Diagnosis(
                    "kernel", .failure,
                    "Linux \(facts.release) has no \(facts.missingFeatures.joined(separator: ", ")); 5.18 has",
                    remedy: newKernel)
            ]
        }
        return [Diagnosis("kernel", .ok, "Linux \(facts.release)")]
    }
}

/// Whether the kernel describes its types.
struct BTFCheck: Check {
    func examine(_ facts: Facts) -> [Diagnosis] {
        facts.hasBTF
            ? [Diagnosis("BTF", .ok, "/sys/kernel/btf/vmlinux")]
            : [
                Diagnosis(
                    "BTF", .failure,
                    "no /sys/kernel/btf/vmlinux: a kernel built without CONFIG_DEBUG_INFO_BTF does not say where a "
                        + "packet's flags stand, and the program cannot be loaded",
                    remedy: newKernel)
            ]
    }
}

/// Whether readings can be separated from programs that are still writing.
struct BarrierCheck: Check {
    func examine(_ facts: Facts) -> [Diagnosis] {
        guard let error = facts.barrierError else { return [Diagnosis("membarrier", .ok, "works")] }
        return [
            Diagnosis(
                "membarrier", .failure, "\(error); readings could not be trusted",
                remedy: "sed -i 's/nohz_full=[^ \"]*//' /etc/default/grub && update-grub && reboot")
        ]
    }
}

/// Whether there is a place for pins.
struct BPFFileSystemCheck: Check {
    func examine(_ facts: Facts) -> [Diagnosis] {
        facts.hasBPFFileSystem
            ? [Diagnosis("bpffs", .ok, facts.bpffs)]
            : [
                Diagnosis(
                    "bpffs", .warning,
                    "no BPF file system at \(facts.bpffs); the agent tries to mount one, and does not start if it cannot",
                    remedy: "mount -t bpf bpf \(facts.bpffs)")
            ]
    }
}

/// Whether the program loads, with the maps that are configured.
///
/// Tells what no single check does: what this kernel, this verifier and these privileges allow together.
struct LoadingCheck: Check {
    func examine(_ facts: Facts) -> [Diagnosis] {
        switch facts.loading {
        case .loaded(let bytes):
            [Diagnosis("program", .ok, "loads; its maps take \(bytes >> 20) MiB")]
        case .failed(let reason):
            [
                Diagnosis(
                    "program", .failure, reason,
                    remedy: "mend what else is found; if nothing is, see what forbids it: "
                        + "cat /sys/kernel/security/lockdown /sys/kernel/security/lsm")
            ]
        case .untried:
            []
        }
    }
}

/// Whether libxdp's dispatcher could run.
///
/// Sluice does not use it, so that neither answer is trouble.
struct DispatcherCheck: Check {
    func examine(_ facts: Facts) -> [Diagnosis] {
        let answer =
            facts.extensionRefusal.map { "cannot run here (the kernel refuses extension programs: \($0))" }
            ?? "could run here, and is not used"
        return [
            Diagnosis(
                "dispatcher", .ok,
                "libxdp's dispatcher \(answer); another XDP program goes behind ours by sluice chain")
        ]
    }
}

/// Whether there is room for the maps.
struct MemoryCheck: Check {
    /// Less than this beside the maps, and the agent itself has none.
    private static let least: UInt64 = 96 << 20

    func examine(_ facts: Facts) -> [Diagnosis] {
        var needed = Self.least
        if case .loaded(let bytes) = facts.loading { needed += bytes }
        guard let bound = facts.memory.min(by: { $0.left < $1.left }), bound.left < needed else {
            return [Diagnosis("memory", .ok, "enough")]
        }
        return [
            Diagnosis(
                "memory", .warning,
                "\(bound.left >> 20) MiB left by \(bound.owner.name), and maps and agent take about \(needed >> 20) MiB",
                remedy: "lower flow_table.slots_per_cpu" + bound.owner.raise(by: needed - bound.left))
        ]
    }
}

extension MemoryBound.Owner {
    fileprivate var name: String {
        switch self {
        case .machine: "this machine"
        case .controlGroup(let path, _): "the control group \(path)"
        }
    }

    /// How to let a service take so many bytes more; nothing of what is no service.
    fileprivate func raise(by bytes: UInt64) -> String {
        guard case .controlGroup(let path, let most) = self, path.hasSuffix(".service"),
            let unit = path.split(separator: "/").last
        else { return "" }
        let mebibytes = ((most + bytes) >> 20) + 1
        return ", or raise the limit: systemctl set-property \(unit) MemoryMax=\(mebibytes)M"
    }
}

/// Whether time is cheap, and fine enough.
struct ClockCheck: Check {
    func examine(_ facts: Facts) -> [Diagnosis] {
        let step = "\(facts.clockStep / 1_000_000) ms"
        if facts.clockStep > 10_000_000 {
            return [
                Diagnosis(
                    "clock", .warning,
                    "the kernel's tick is \(step): limits and times between packets are that coarse",
                    remedy: newKernel)
            ]
        }
        // These are read over a bus, a microsecond each time.
        if let source = facts.clockSource, ["hpet", "acpi_pm", "refined-jiffies"].contains(source) {
            return [
                Diagnosis(
                    "clock", .warning, "clock source \(source) is slow; the agent reads it often",
                    remedy:
                        "cd /sys/devices/system/clocksource/clocksource0 && cat available_clocksource, and: "
                        + "echo tsc >current_clocksource, or the fastest there is")
            ]
        }
        return [Diagnosis("clock", .ok, "\(facts.clockSource ?? "unknown source"), tick \(step)")]
    }
}

/// Whether agents that are gone left something.
struct PinCheck: Check {
    func examine(_ facts: Facts) -> [Diagnosis] {
        var found = facts.stalePins.map {
            Diagnosis(
                "pins", .warning, "\($0) belongs to a network namespace that is not there any more",
                remedy: "sudo sluice detach --all")
        }
        if facts.hasPins, facts.agentProcess == nil {
            found.append(
                Diagnosis(
                    "pins", .warning,
                    "an earlier agent's program is in force and no agent runs: automatic rules lapse (dead_man)",
                    remedy: "start an agent, or: sudo sluice detach --all"))
        }
        return found.isEmpty ? [Diagnosis("pins", .ok, "nothing is left over")] : found
    }
}

/// Whether the kernel's rules are those of the store.
struct RuleCheck: Check {
    func examine(_ facts: Facts) -> [Diagnosis] {
        var found: [Diagnosis] = []
        if let difference = facts.ruleDifference, difference.missing + difference.unknown > 0 {
            found.append(
                Diagnosis(
                    "rules", .warning,
                    "\(difference.missing) of the store are not in the kernel, "
                        + "\(difference.unknown) in the kernel are not in the store",
                    remedy: "systemctl \(facts.agentProcess == nil ? "start" : "restart") sluice"))
        }
        if let mended = facts.agent?.mendedRules, mended > 0 {
            found.append(
                Diagnosis(
                    "rules", .warning,
                    "somebody else changed \(mended) in the kernel since the agent started; it mended them",
                    remedy: "bpftool map show, which names the processes that hold our maps"))
        }
        guard found.isEmpty else { return found }
        return [
            Diagnosis("rules", .ok, facts.ruleDifference == nil ? "nothing to compare" : "as in the store")
        ]
    }
}
