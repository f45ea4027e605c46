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
/// The kernel does not say before it is tried; drivers known not to are software devices.
struct DriverCheck: InterfaceCheck {
    private static let generic: Set = [
        "bridge", "ifb", "vlan", "802.1Q VLAN Support", "vxlan", "macvlan", "dummy",
    ]

    func examine(_ interface: InterfaceFacts, of facts: Facts) -> Diagnosis? {
        guard let driver = interface.hardware.driver else { return nil }
        if interface.attached == "generic" || interface.attached == nil && Self.generic.contains(driver) {
            return Diagnosis(
                "driver", .warning,
                "\(driver): generic mode only, after the kernel has made a buffer of each packet; slower",
                remedy: "guard the device below it", interface: interface.name)
        }
        return Diagnosis("driver", .ok, driver, interface: interface.name)
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

/// Whether the card glues packets together before the program sees them.
struct OffloadCheck: InterfaceCheck {
    func examine(_ interface: InterfaceFacts, of facts: Facts) -> Diagnosis? {
        let gluing = ["rx-lro": "lro", "rx-gro-hw": "rx-gro-hw"].filter {
            interface.hardware.features.contains($0.key)
        }.values.sorted()
        guard !gluing.isEmpty else { return Diagnosis("offloads", .ok, "no LRO", interface: interface.name) }
        return Diagnosis(
            "offloads", .warning,
            "\(gluing.joined(separator: " and ")) on: many drivers refuse native mode like this, and in generic mode "
                + "packets are counted glued together",
            remedy: "ethtool -K \(interface.name) " + gluing.map { "\($0) off" }.joined(separator: " "),
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
