import BPF
package import Datapath
import Glibc
import Traffic

extension Facts {
    /// Gathers them on this machine, in this network namespace; attaches nothing.
    ///
    /// - Parameters:
    ///   - names: of the interfaces that are to be guarded.
    ///   - bpffs: where pins are.
    ///   - options: with which the program is loaded, to see whether it can be.
    ///   - agentProcess: process number of the agent that runs here, if one does; the program is not loaded then.
    package init(
        interfaces names: [String], bpffs: String, options: DatapathOptions, agentProcess: Int?
    ) {
        self.init()
        self.bpffs = bpffs
        self.agentProcess = agentProcess
        release = Files.text("/proc/sys/kernel/osrelease")?.filter { !$0.isNewline } ?? ""
        cpus = (try? Machine.possibleCPUs()) ?? 1
        missingCapabilities = Self.missingCapabilities()
        missingFeatures = Probe.missingFeatures()
        extensionRefusal = Probe.extensionRefusal()?.reason
        hasBTF = unsafe access("/sys/kernel/btf/vmlinux", F_OK) == 0
        do {
            try Machine.waitForRunningPrograms()
        } catch {
            barrierError = "\(error)"
        }
        hasBPFFileSystem = [bpffs, "/proc/1/root" + bpffs].contains(where: Machine.isBPFFileSystem)
        if agentProcess == nil { loading = Self.tryLoading(options) }
        memory = Self.memoryBounds()
        let source = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
        clockSource = Files.text(source)?.filter { !$0.isWhitespace }
        clockStep = Machine.coarseClockStep
        let known = PinnedNamespace.known()
        for pinned in PinnedNamespace.all(bpffs: bpffs) {
            if pinned.number == PinDirectory.networkNamespace {
                hasPins = !pinned.pins.isEmpty
            } else if known[pinned.number] == nil {
                stalePins.append(pinned.path)
            }
        }
        let ours = PinnedNamespace.attached(bpffs: bpffs)
        self.interfaces = names.map { Self.interface($0, ours: ours, bpffs: bpffs) }
    }

    private static func interface(_ name: String, ours: [UInt32: String], bpffs: String) -> InterfaceFacts {
        var facts = InterfaceFacts(name: name)
        guard let interface = try? Interface(named: name) else {
            facts.isPresent = false
            return facts
        }
        facts.hardware = InterfaceHardware(of: name)
        facts.attached = ours[interface.index]
        if facts.attached == nil {
            facts.stranger = Stranger(on: interface, bpffs: bpffs).map { "\($0)" }
        }
        return facts
    }

    /// By their bits in `CapEff`; CAP_SYS_ADMIN includes the two that were split from it.
    private static func missingCapabilities() -> [String] {
        let lines = Files.text("/proc/self/status")?.split(separator: "\n") ?? []
        let mask = lines.first { $0.hasPrefix("CapEff:") }?.split(whereSeparator: \.isWhitespace).last
        guard let mask, let bits = UInt64(mask, radix: 16) else { return [] }
        func has(_ bit: UInt64) -> Bool { bits & 1 << bit != 0 }
        let isAdministrator = has(21)
        let needed = [
            ("CAP_NET_ADMIN", has(12)), ("CAP_PERFMON", has(38) || isAdministrator),
            ("CAP_BPF", has(39) || isAdministrator), ("CAP_SYS_ADMIN", isAdministrator),
        ]
        return needed.filter { !$0.1 }.map(\.0)
    }

    private static func tryLoading(_ options: DatapathOptions) -> Loading {
        do {
            let datapath = try Datapath(loading: .shipped(), options: options, now: Timestamp(nanoseconds: 0))
            return .loaded(mapBytes: datapath.mapBytes)
        } catch {
            return .failed("\(error)")
        }
    }

    private static func memoryBounds() -> [MemoryBound] {
        var bounds: [MemoryBound] = []
        let lines = Files.text("/proc/meminfo")?.split(separator: "\n") ?? []
        if let line = lines.first(where: { $0.hasPrefix("MemAvailable:") }),
            let kibibytes = line.split(separator: " ").compactMap({ UInt64($0) }).first
        {
            bounds.append(MemoryBound(.machine, left: kibibytes << 10))
        }
        // Version 2 only: `0::/system.slice/sluice.service`.
        let groups = Files.text("/proc/self/cgroup")?.split(separator: "\n") ?? []
        if let group = groups.first(where: { $0.hasPrefix("0::/") })?.dropFirst(3) {
            let folder = "/sys/fs/cgroup\(group)"
            func number(_ name: String) -> UInt64? {
                Files.text("\(folder)/\(name)").flatMap { UInt64($0.filter { !$0.isNewline }) }
            }
            if let most = number("memory.max"), let now = number("memory.current") {
                let owner = MemoryBound.Owner.controlGroup(path: String(group), most: most)
                bounds.append(MemoryBound(owner, left: most > now ? most - now : 0))
            }
        }
        return bounds
    }
}
