import Features
import Traffic

/// Stored attacks that a new model of a site has to find as odd as the one before did, wherever it comes from.
///
/// Whoever feeds an attack to the agent while it learns makes that attack usual. A model so taught gives the canary of
/// that kind a low score, and is not promoted. (M. Barreno et al., "Can machine learning be secure?", ASIACCS 2006, call the
/// attack causative.)
package enum Canaries {
    /// The site model's surprise from which a canary counts as caught: one benign window in 300 goes as far.
    private static let bar = 2.5

    /// Names of the canaries that the site's model finds odd.
    ///
    /// Findings and the shipped table are left out: nobody can teach those, so they say nothing of what was taught.
    package static func caught(by site: SiteModel, shipped: ShippedModel) -> Set<String> {
        var names: Set<String> = []
        for canary in batches {
            let view = canary.view
            let opinions = Opinions(shipped: shipped[view], site: site[view]).judge(canary.batch)
            if opinions.contains(where: { ($0.site ?? 0) >= bar }) { names.insert(canary.name) }
        }
        return names
    }

    /// What a model must not lose to be used in place of `champion`: a sentence with the canaries that only that one finds, or
    /// `nil` if there are none.
    ///
    /// The first time it takes some tenths of a second.
    package static func flaw(
        of model: SiteModel, beside champion: SiteModel, shipped: ShippedModel
    ) -> String? {
        let missed = caught(by: champion, shipped: shipped).subtracting(caught(by: model, shipped: shipped))
        guard !missed.isEmpty else { return nil }
        return "it does not find \(missed.sorted().joined(separator: ", ")), which the one in use does"
    }

    /// The windows of each canary's entity; made once, since a flood of them takes some tenths of a second.
    private static let batches = CanaryAttack.all.map { attack in
        (name: attack.name, view: attack.entity.view, batch: windows(of: attack))
    }

    static func windows(of attack: CanaryAttack) -> WindowBatch {
        var traffic = ScriptedTraffic()
        // Without answered connections, nothing is held to be unanswered.
        for number in 0..<5 {
            traffic.connection(
                at: Double(number) * 0.1, Address(ipv4: 0xC0A8_0114), UInt16(50_000 + number),
                CanaryAttack.victim,
                80)
        }
        traffic.append(attack.traffic, at: 1)
        var builder = WindowBuilder()
        var result = WindowBatch()
        for reading in traffic.readings(until: 1 + attack.length) {
            let batches = builder.observe(reading)
            let batch = attack.entity.view == .source ? batches.source : batches.destination
            for row in batch.windows.indices where batch.windows[row].entity == attack.entity {
                result.append(batch.windows[row], batch.features(of: row))
            }
        }
        return result
    }
}
