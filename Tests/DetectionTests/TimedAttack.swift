import Detection
import Testing
import Traffic

/// An attack that has to end in a block, and how soon.
struct TimedAttack: Sendable, CustomTestStringConvertible {
    var attack: CanaryAttack
    /// Seconds from the first packet.
    var within: Double

    var testDescription: String { attack.name }

    private init(_ attack: CanaryAttack, within: Double) {
        self.attack = attack
        self.within = within
    }

    static let all: [TimedAttack] =
        [50_000, 5_000, 2_500].flatMap {
            [TimedAttack(.udpFlood(rate: $0), within: 0.4), TimedAttack(.synFlood(rate: $0), within: 0.4)]
        } + [
            TimedAttack(.spoofedFlood, within: 0.4), TimedAttack(.fastScan, within: 0.6),
            TimedAttack(.sweep, within: 1), TimedAttack(.slowScan, within: 41),
            TimedAttack(.guessing, within: 10),
            TimedAttack(.slowRequests, within: 11), TimedAttack(.pingFlood, within: 0.4),
        ]
}

/// An address out of its text; the unspecified one if it is none.
func host(_ text: String) -> Address { Address(text) ?? Address(ipv4: 0) }
