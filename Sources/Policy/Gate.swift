import Detection
import Features
import Traffic

/// What a verdict calls for.
///
/// Nobody is shut out for what another can do in his name. A source whose address is proven by what it is blamed for is banned;
/// who may be forged, or has much other business here, is only kept from what is attacked.
enum Measure: Hashable, Sendable {
    /// The source, from everything.
    case ban(Prefix)
    /// A source from one service or host; of traffic to one service, beginnings that prove nothing, or what is beyond a rate.
    case rule(Rule.Match, Rule.Action)
    /// Nothing; why not.
    case nothing(String)

    /// A source with as many conversations within one second is several clients behind one address, or one that a ban
    /// would hurt more than it helps.
    static let busy = 10
    /// A scan of as many hosts beside some usual business is one of the host that got most.
    static let fewHosts = 4

    /// Whether nobody is shut out by what the verdict calls for, so that it may be done at the first window: who is asked for
    /// nothing loses 10 ms to a second, once.
    static func asksOnly(_ verdict: Verdict) -> Bool {
        verdict.entity.view == .destination && verdict.target?.protocol == .tcp
    }

    init(_ verdict: Verdict, mode: Mode, limit: Rule.Rate) {
        let source = verdict.entity.prefix
        let scopedAction: Rule.Action = mode == .limit ? .limit(limit) : .deny
        switch verdict.entity.view {
        case .destination:
            if let target = verdict.target {
                let scope = Rule.Scope(
                    destination: target.address, protocol: target.protocol, port: target.port)
                self = .rule(
                    .scope(scope), target.protocol == .tcp ? .prove(Rule.Proof()) : .limit(limit))
            } else if source.isSingleAddress {
                self = .rule(.scope(Rule.Scope(destination: source.address)), .limit(limit))
            } else {
                self = .nothing("no single address is under attack")
            }
        case .source where verdict.isProbing && !verdict.isTwoWay:
            // Probes can be sent in anybody's name: the source keeps all that answers, and learns nothing of the rest.
            self = .rule(.source(source), .limit(.confined))
        case .source where mode == .limit && verdict.isTwoWay:
            self = .rule(.source(source), .limit(limit))
        case .source where verdict.served >= Self.busy:
            if let target = verdict.target, target.port != nil {
                self = .rule(.scope(Rule.Scope(target, from: source)), scopedAction)
            } else {
                self = .nothing("a ban would cut off its \(verdict.served) other conversations")
            }
        case .source where verdict.isTwoWay:
            self = .ban(source)
        case .source:
            if let target = verdict.target, verdict.peers <= Self.fewHosts {
                self = .rule(.scope(Rule.Scope(target, from: source)), scopedAction)
            } else {
                self = .rule(.source(source), .limit(.confined))
            }
        }
    }
}

extension Rule.Scope {
    /// One source's traffic to one service; of one protocol to the whole host where several were attacked.
    fileprivate init(_ target: Target, from source: Prefix) {
        self.init(
            destination: target.address, protocol: target.protocol,
            port: target.port, source: source)
    }
}

extension Verdict {
    /// Whether it is about services that were tried and did not answer.
    fileprivate var isProbing: Bool {
        reason == FeatureGroup.scan.rawValue || reason == FeatureGroup.failure.rawValue
    }
}
