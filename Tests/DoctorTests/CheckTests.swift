import Datapath
import Testing

@testable import Doctor

/// A machine with one thing wrong, and what is to be said of it.
struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let check: String
    let level: Diagnosis.Level
    let words: [String]
    /// What is not to be said.
    let other: String?
    let change: @Sendable (inout Facts) -> Void

    init(
        _ description: String, _ check: String, _ level: Diagnosis.Level, _ words: [String],
        without other: String? = nil, _ change: @escaping @Sendable (inout Facts) -> Void
    ) {
        testDescription = description
        self.check = check
        self.level = level
        self.words = words
        self.other = other
        self.change = change
    }

    static let all: [Case] = [
        Case("capabilities are missing", "privileges", .failure, ["CAP_BPF", "sudo"]) {
            $0.missingCapabilities = ["CAP_BPF", "CAP_SYS_ADMIN"]
        },
        Case("only CAP_SYS_ADMIN is missing", "privileges", .warning, ["named"]) {
            $0.missingCapabilities = ["CAP_SYS_ADMIN"]
        },
        Case("the kernel is too old", "kernel", .failure, ["bpf_xdp_get_buff_len", "4.19"]) {
            $0.release = "4.19"
            $0.missingFeatures = ["helper bpf_xdp_get_buff_len"]
        },
        Case("the kernel has no BTF", "BTF", .failure, ["CONFIG_DEBUG_INFO_BTF"]) { $0.hasBTF = false },
        Case("membarrier is refused", "membarrier", .failure, ["nohz_full"]) {
            $0.barrierError = "Operation not permitted"
        },
        Case("there is no BPF file system", "bpffs", .warning, ["mount -t bpf bpf /sys/fs/bpf"]) {
            $0.hasBPFFileSystem = false
        },
        Case("the program does not load", "program", .failure, ["verifier says no"]) {
            $0.loading = .failed("verifier says no")
        },
        // 100 MiB for the maps and 96 beside them: 146 more than are left.
        Case(
            "a service's memory is short", "memory", .warning,
            [
                "50 MiB left by the control group /system.slice/gate.service", "slots_per_cpu",
                "systemctl set-property gate.service MemoryMax=347M",
            ]
        ) {
            $0.loading = .loaded(mapBytes: 100 << 20)
            let group = MemoryBound.Owner.controlGroup(path: "/system.slice/gate.service", most: 200 << 20)
            $0.memory = [MemoryBound(.machine, left: 1 << 34), MemoryBound(group, left: 50 << 20)]
        },
        Case(
            "memory of a session is short", "memory", .warning,
            ["95 MiB left by the control group /user.slice/session-1.scope", "slots_per_cpu"],
            without: "set-property"
        ) {
            let group = MemoryBound.Owner.controlGroup(path: "/user.slice/session-1.scope", most: 200 << 20)
            $0.memory = [MemoryBound(group, left: 95 << 20)]
        },
        Case(
            "the machine's memory is short", "memory", .warning,
            ["50 MiB left by this machine", "slots_per_cpu"], without: "set-property"
        ) {
            $0.memory = [MemoryBound(.machine, left: 50 << 20)]
        },
        Case(
            "a rule of the store is not in the kernel", "rules", .warning, ["2 of the store", "start sluice"]
        ) {
            $0.ruleDifference = Facts.RuleDifference(missing: 2, unknown: 0)
        },
        Case(
            "the kernel has a rule that nobody wrote down", "rules", .warning,
            ["1 in the kernel", "restart sluice"]
        ) {
            $0.ruleDifference = Facts.RuleDifference(missing: 0, unknown: 1)
            $0.agentProcess = 7
            $0.agent = Facts.Agent(heartbeatAge: 0, coverage: 1, warnings: [])
        },
        Case("somebody changes rules", "rules", .warning, ["changed 3", "bpftool map show"]) {
            $0.agentProcess = 7
            $0.agent = Facts.Agent(heartbeatAge: 0, coverage: 1, warnings: [], mendedRules: 3)
        },
        Case("the clock is slow", "clock", .warning, ["hpet"]) { $0.clockSource = "hpet" },
        Case("the tick is long", "clock", .warning, ["100 ms"]) { $0.clockStep = 100_000_000 },
        Case("pins are stale", "pins", .warning, ["/x/net-7", "sluice detach --all"]) {
            $0.stalePins = ["/x/net-7"]
        },
        Case("an agent died", "pins", .warning, ["no agent runs", "sluice detach --all"]) {
            $0.hasPins = true
        },
        Case("the only interface is missing", "interface", .failure, ["not there"]) {
            $0.interfaces[0].isPresent = false
        },
        Case("one of two interfaces is missing", "interface", .warning, ["when it comes"]) {
            $0.interfaces.append(InterfaceFacts(name: "eth1"))
            $0.interfaces[1].isPresent = false
        },
        Case(
            "another program is there", "other program", .failure, ["'other' (id 3)", "xdp off", "--replace"]
        ) {
            $0.interfaces[0].stranger = "'other' (id 3)"
        },
        Case("the device has no native mode", "driver", .warning, ["bridge", "generic mode only"]) {
            $0.interfaces[0].hardware.driver = "bridge"
        },
        Case("the card's driver has no native mode", "driver", .warning, ["e1000e", "virtio-net"]) {
            $0.interfaces[0].hardware.driver = "e1000e"
        },
        Case(
            "the other end of a veth pair hands over uncut packets", "driver quirks", .warning,
            ["64 KiB", "tso off gso off"]
        ) {
            $0.interfaces[0].hardware.driver = "veth"
            $0.interfaces[0].attached = "generic"
        },
        Case("a guest hands over uncut packets", "quirks", .warning, ["tun", "in the guest"]) {
            $0.interfaces[0].hardware.driver = "tun"
        },
        Case(
            "a cloud's card has too many queues in use", "quirks", .warning,
            ["half", "ethtool -L eth0 combined 2"]
        ) {
            $0.interfaces[0].hardware.driver = "ena"
            $0.interfaces[0].hardware.queues = (4, 4)
        },
        Case("a bond has a member without native mode", "driver quirks", .warning, ["/proc/net/bonding/eth0"])
        {
            $0.interfaces[0].hardware.driver = "bonding"
            $0.interfaces[0].attached = "generic"
        },
        Case(
            "the card forwards by itself", "offloads", .warning,
            ["neither counted", "ethtool -K eth0 hw-tc-offload off"]
        ) {
            $0.interfaces[0].hardware.features = ["hw-tc-offload"]
        },
        Case("the card keeps checksums", "offloads", .warning, ["four bytes", "rx-fcs off"]) {
            $0.interfaces[0].hardware.features = ["rx-fcs"]
        },
        Case(
            "the host glues packets together, and nothing here can change it", "offloads", .warning,
            ["fixed", "guest_tso4=off"]
        ) {
            $0.interfaces[0].hardware.features = ["rx-gro-hw"]
            $0.interfaces[0].hardware.fixedFeatures = ["rx-gro-hw"]
        },
        Case("queues are left unused", "queues", .warning, ["1 of 8", "ethtool -L eth0 combined 4"]) {
            $0.cpus = 4
            $0.interfaces[0].hardware.queues = (1, 8)
        },
        Case("virtio_net has no spare queues", "queues", .warning, ["spare queue", "queues=4"]) {
            $0.cpus = 2
            $0.interfaces[0].hardware.driver = "virtio_net"
            $0.interfaces[0].hardware.queues = (2, 2)
        },
        Case("LRO is on", "offloads", .warning, ["ethtool -K eth0 lro off"]) {
            $0.interfaces[0].hardware.features = ["rx-lro"]
        },
        Case("frames are larger than a page", "MTU", .warning, ["9000", "refuse native", "mtu 3498"]) {
            $0.interfaces[0].hardware.mtu = 9000
        },
        Case("frames are larger than a page in generic mode", "driver MTU", .warning, ["copied"]) {
            $0.interfaces[0].hardware.mtu = 9000
            $0.interfaces[0].attached = "generic"
        },
        Case("the agent does not answer", "agent", .failure, ["process 7"]) { $0.agentProcess = 7 },
        Case("the agent stands still", "agent", .failure, ["60 s", "systemctl restart"]) {
            $0.agentProcess = 7
            $0.agent = Facts.Agent(heartbeatAge: 60, coverage: 1, warnings: [])
        },
        Case("the table is too small", "agent", .warning, ["90.0 %", "slots_per_cpu"]) {
            $0.agentProcess = 7
            $0.agent = Facts.Agent(heartbeatAge: 0, coverage: 0.9, warnings: [])
        },
        Case("the agent warns", "agent", .warning, ["disk is full"]) {
            $0.agentProcess = 7
            $0.agent = Facts.Agent(heartbeatAge: 0, coverage: 1, warnings: ["the disk is full"])
        },
    ]
}

@Suite("What the doctor says")
struct CheckTests {
    static var healthy: Facts {
        var facts = Facts()
        var interface = InterfaceFacts(name: "eth0")
        interface.hardware.driver = "i40e"
        interface.hardware.mtu = 1500
        interface.hardware.queues = (2, 8)
        facts.ruleDifference = Facts.RuleDifference(missing: 0, unknown: 0)
        facts.cpus = 2
        facts.interfaces = [interface]
        facts.loading = .loaded(mapBytes: 100 << 20)
        return facts
    }

    @Test("A machine on which all is well gets no warning")
    func healthy() {
        let found = Doctor.examine(Self.healthy)
        #expect(found.count > 12)
        #expect(found.allSatisfy { $0.level == .ok && $0.remedy == nil }, "\(found)")
    }

    @Test(
        "Whether libxdp's dispatcher could run is told, and is no trouble", arguments: ["no extensions", nil])
    func dispatcher(refusal: String?) {
        var facts = Self.healthy
        facts.extensionRefusal = refusal
        let found = Doctor.examine(facts).filter { $0.check == "dispatcher" }
        #expect(found.map(\.level) == [.ok])
        #expect(found.first?.finding.contains(refusal ?? "could run here") == true)
        #expect(found.first?.finding.contains("sluice chain") == true)
    }

    @Test("Each cause of trouble is named with what mends it, and nothing else is", arguments: Case.all)
    func cause(_ trouble: Case) throws {
        var facts = Self.healthy
        trouble.change(&facts)
        let found = Doctor.examine(facts).filter { $0.level != .ok }
        #expect(found.map(\.check).joined(separator: " ") == trouble.check)
        #expect(found.allSatisfy { $0.level == trouble.level && $0.remedy?.isEmpty == false }, "\(found)")
        let text = found.map { "\($0.finding) \($0.remedy ?? "")" }.joined()
        for word in trouble.words { #expect(text.contains(word), "\(word) in: \(text)") }
        if let other = trouble.other { #expect(!text.contains(other), "\(other) in: \(text)") }
    }
}
