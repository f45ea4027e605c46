import Datapath

/// A check that looks at one interface after the other, those that are there.
protocol InterfaceCheck: Check {
    func examine(_ interface: InterfaceFacts, of facts: Facts) -> Diagnosis?
}

extension InterfaceCheck {
    func examine(_ facts: Facts) -> [Diagnosis] {
        facts.interfaces.filter(\.isPresent).compactMap { examine($0, of: facts) }
    }
}

/// Whether the interfaces are there.
struct PresenceCheck: Check {
    func examine(_ facts: Facts) -> [Diagnosis] {
        let present = facts.interfaces.contains(where: \.isPresent)
        return facts.interfaces.map { interface in
            guard !interface.isPresent else {
                let state = interface.attached.map { "guarded (\($0))" } ?? "there, not guarded"
                return Diagnosis("interface", .ok, state, interface: interface.name)
            }
            return Diagnosis(
                "interface", present ? .warning : .failure,
                present
                    ? "not there; the agent guards it when it comes"
                    : "not there; the agent needs one that is",
                remedy: "ip link show", interface: interface.name)
        }
    }
}

/// Whether another program holds the XDP hook.
struct StrangerCheck: InterfaceCheck {
    func examine(_ interface: InterfaceFacts, of facts: Facts) -> Diagnosis? {
        guard let stranger = interface.stranger else { return nil }
        return Diagnosis(
            "other program", .failure,
            "the XDP hook is held by \(stranger); the agent does not start",
            remedy: "stop its owner, or: ip link set dev \(interface.name) xdp off, or: sluice run --replace",
            interface: interface.name)
    }
}

/// Whether the driver can run the program itself.
///
/// The kernel does not say before it is tried; these are known not to.
struct DriverCheck: InterfaceCheck {
    private static let software: Set = [
        "bridge", "ifb", "vlan", "802.1Q VLAN Support", "vxlan", "geneve", "macvlan", "ipvlan", "dummy",
        "team",
        "openvswitch", "wireguard",
    ]
    private static let cards: Set = [
        "8139cp", "8139too", "ax88179_178a", "bcmgenet", "be2net", "bnx2", "bnx2x", "cdc_ether", "cdc_ncm",
        "e100",
        "e1000", "e1000e", "forcedeth", "lan78xx", "pcnet32", "r8152", "r8169", "sky2", "smsc95xx", "tg3",
    ]

    func examine(_ interface: InterfaceFacts, of facts: Facts) -> Diagnosis? {
        guard let driver = interface.hardware.driver else { return nil }
        let (isSoftware, isCard) = (Self.software.contains(driver), Self.cards.contains(driver))
        guard interface.attached == "generic" || interface.attached == nil && (isSoftware || isCard) else {
            return Diagnosis("driver", .ok, driver, interface: interface.name)
        }
        return Diagnosis(
            "driver", .warning,
            "\(driver): generic mode only, after the kernel has made a buffer of each packet; slower",
            remedy: isSoftware
                ? "ip -d link show \(interface.name), and guard the device below it"
                : isCard
                    ? "a card with another driver (virtual machines: virtio-net)"
                    : "sluice run --attach native, which says why not",
            interface: interface.name)
    }
}

/// Whether there are queues for every CPU.
struct QueueCheck: InterfaceCheck {
    func examine(_ interface: InterfaceFacts, of facts: Facts) -> Diagnosis? {
        guard let queues = interface.hardware.queues else { return nil }
        let name = interface.name
        if queues.inUse < min(queues.most, facts.cpus) {
            return Diagnosis(
                "queues", .warning,
                "\(queues.inUse) of \(queues.most) queues in use: \(facts.cpus) CPUs could share the work",
                remedy: "ethtool -L \(name) combined \(min(queues.most, facts.cpus))", interface: name)
        }
        // Sending by XDP wants a queue of its own for each CPU; without, kernels from 5.13 share, older ones refuse.
        if interface.hardware.driver == "virtio_net", queues.most < queues.inUse + facts.cpus {
            return Diagnosis(
                "queues", .warning,
                "virtio_net has no spare queue for each CPU (\(queues.most) in all): XDP shares them with the stack",
                remedy: "on the host: queues=\(2 * facts.cpus) for this device", interface: name)
        }
        return Diagnosis("queues", .ok, "\(queues.inUse) of \(queues.most)", interface: name)
    }
}

/// Whether the card does something with packets before the program sees them, or instead.
struct OffloadCheck: Check {
    func examine(_ facts: Facts) -> [Diagnosis] {
        facts.interfaces.filter(\.isPresent).flatMap { interface -> [Diagnosis] in
            let found =
                [gluing(interface)]
                + Self.others.filter { interface.hardware.features.contains($0.feature) }
                .map { other in
                    Diagnosis(
                        "offloads", .warning, "\(other.feature) on: \(other.effect)",
                        remedy: "ethtool -K \(interface.name) \(other.feature) off", interface: interface.name
                    )
                }
            let troubles = found.compactMap(\.self)
            return troubles.isEmpty
                ? [Diagnosis("offloads", .ok, "none in the way", interface: interface.name)] : troubles
        }
    }

    private static let others = [
        (
            feature: "hw-tc-offload",
            effect: "what the card forwards by itself is neither counted nor filtered"
        ),
        (feature: "rx-fcs", effect: "every frame is counted with its checksum, four bytes longer"),
    ]

    private func gluing(_ interface: InterfaceFacts) -> Diagnosis? {
        let hardware = interface.hardware
        let gluing = ["rx-lro": "lro", "rx-gro-hw": "rx-gro-hw"].filter { hardware.features.contains($0.key) }
        guard !gluing.isEmpty else { return nil }
        let names = gluing.values.sorted()
        let isFixed = gluing.keys.contains(where: hardware.fixedFeatures.contains)
        return Diagnosis(
            "offloads", .warning,
            "\(names.joined(separator: " and ")) on\(isFixed ? ", and fixed" : ""): many drivers refuse native mode "
                + "like this, and in generic mode packets are counted glued together",
            remedy: isFixed
                ? "on the host, for this device: guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off (QEMU)"
                : "ethtool -K \(interface.name) " + names.map { "\($0) off" }.joined(separator: " "),
            interface: interface.name)
    }
}

/// Whether a frame fits into one buffer.
struct MTUCheck: InterfaceCheck {
    /// A page of 4,096 bytes, less the head room and tail that XDP needs and the Ethernet header with two tags.
    private static let onePage = 3498

    func examine(_ interface: InterfaceFacts, of facts: Facts) -> Diagnosis? {
        guard let mtu = interface.hardware.mtu else { return nil }
        let name = interface.name
        guard mtu > Self.onePage, interface.attached != "native" else {
            return Diagnosis("MTU", .ok, "\(mtu)", interface: name)
        }
        let effect =
            interface.attached == "generic"
            ? "in generic mode each frame beyond \(Self.onePage) bytes is copied into one piece"
            : "frames beyond \(Self.onePage) bytes take several buffers, which not every driver has with XDP: "
                + "others refuse native mode"
        return Diagnosis(
            "MTU", .warning, "\(mtu): \(effect)", remedy: "ip link set dev \(name) mtu \(Self.onePage)",
            interface: name)
    }
}
