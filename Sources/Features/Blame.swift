package import Traffic

/// What flows of a window may be blamed for.
package enum Blame: Int, CaseIterable, Sendable {
    /// A conversation that its source began, whatever it is.
    case beginning
    /// A service that was tried for the first time, and refused or was silent.
    case failure
    /// A connection that is not completed.
    case halfOpen
    /// Packets that nobody answers.
    case oneWay
    /// Connections to a service that people log in to.
    case login
    /// Calls to a service, or connections held open to it.
    case call

    /// Less of it is nobody's concern, and not worth finding out about; calls and logins are counted in sixteenths.
    var least: UInt64 {
        switch self {
        case .beginning, .failure: 1
        case .halfOpen, .oneWay: 100
        case .login: 3 * 16
        case .call: 10 * 16
        }
    }
}

/// Those to be blamed: not the largest flows of a window, which may be others' doing.
package struct Blames: Hashable, Sendable {
    /// The flow with most of it, and whether several hosts or ports were its targets.
    package struct Flow: Hashable, Sendable {
        package var key: FlowKey
        package var severalHosts: Bool
        package var severalPorts: Bool

        package init(key: FlowKey, severalHosts: Bool = false, severalPorts: Bool = false) {
            self.key = key
            self.severalHosts = severalHosts
            self.severalPorts = severalPorts
        }
    }

    // Each in a place of its own: a dictionary would be allocated for each window.
    private var beginning: Flow?
    private var failure: Flow?
    private var halfOpen: Flow?
    private var oneWay: Flow?
    private var login: Flow?
    private var call: Flow?

    package init() {}

    /// The flow that is to blame most; `nil` if none is.
    package subscript(blame: Blame) -> Flow? {
        get {
            switch blame {
            case .beginning: beginning
            case .failure: failure
            case .halfOpen: halfOpen
            case .oneWay: oneWay
            case .login: login
            case .call: call
            }
        }
        set {
            switch blame {
            case .beginning: beginning = newValue
            case .failure: failure = newValue
            case .halfOpen: halfOpen = newValue
            case .oneWay: oneWay = newValue
            case .login: login = newValue
            case .call: call = newValue
            }
        }
    }
}

/// Finds out which flow of a window has most of one thing.
struct BlameTally {
    private(set) var position = EntryLog.nowhere
    private(set) var sample: Int32 = 0
    private var weight: UInt64 = 0
    private(set) var total: UInt64 = 0
    private var host: UInt64 = 0
    private var port: UInt16 = 0
    private(set) var severalHosts = false
    private(set) var severalPorts = false
    private(set) var provenPercent: UInt8 = 0

    @inline(__always)
    mutating func weigh(_ position: Int64, _ weight: UInt64, in log: borrowing EntryLog) {
        let (host, port) = (log[position].destinationHash, log[position].destinationPort)
        total &+= weight
        if self.position == EntryLog.nowhere {
            (self.host, self.port) = (host, port)
        } else {
            severalHosts = severalHosts || host != self.host
            severalPorts = severalPorts || port != self.port
            guard weight > self.weight else { return }
        }
        (self.position, self.weight, sample) = (position, weight, log[position].sample)
        provenPercent = log[position].provenPercent
    }
}
