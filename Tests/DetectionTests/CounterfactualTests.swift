import Models
import RealModule
import Testing
import Traffic

@testable import Detection
@testable import Features

/// Whether there would have been no verdict with the values that it names as harmless.
@Suite struct CounterfactualTests {
    enum Family: CaseIterable { case ipv4, ipv6 }

    private let shipped: ShippedModel

    init() throws { shipped = try .embedded() }

    /// The same traffic, of hosts with these addresses.
    private func readings(_ script: ScriptedTraffic, until end: Double, _ family: Family) -> [Reading] {
        let readings = script.readings(until: end)
        guard family == .ipv6 else { return readings }
        func moved(_ address: Address) -> Address {
            Address(ipv6High: 0x2001_0DB8 << 32 | address.low & 0xFFFF_FFFF, low: 1)
        }
        return readings.map { reading in
            let samples = reading.samples.map { sample in
                var sample = sample
                sample.key = FlowKey(
                    source: moved(sample.key.source), destination: moved(sample.key.destination),
                    protocol: sample.key.protocol, sourcePort: sample.key.sourcePort,
                    destinationPort: sample.key.destinationPort)
                return sample
            }
            return Reading(
                start: reading.start, end: reading.end, samples: samples, totals: reading.totals)
        }
    }

    /// The window's features as it says that they would be harmless.
    private func harmlessRow(_ verdict: Verdict, usual: [Float]) -> [Float] {
        var row = verdict.row
        for (index, description) in FeatureSchema.features.enumerated() {
            if let listed = verdict.features.first(where: { $0.name == description.name }) {
                if let harmless = listed.harmless {
                    row[index] = Float(description.scale.feature(of: harmless))
                }
            } else if let part = verdict.othersNearer {
                row[index] += Float(part) * (usual[index] - row[index])
            }
        }
        return row
    }

    /// Attacks of both views, large and small.
    private static let attacks = CanaryAttack.all + [.udpFlood(rate: 300), .synFlood(rate: 200)]

    @Test(
        "the score with the harmless values is under the verdict's threshold, and with its own beyond",
        arguments: Family.allCases, [false, true])
    func scores(family: Family, hasModel: Bool) throws {
        var site: SiteModel?
        if hasModel {
            var (usual, configuration) = (ScriptedTraffic(), DetectionConfiguration())
            Customer.browser.write(&usual, 40)
            Customer.requests(perSecond: 5).write(&usual, 40)
            configuration.learnDuration = .seconds(40)
            let detector = Detector(configuration: configuration, shippedModel: shipped)
            for reading in readings(usual, until: 40, family) { _ = detector.observe(reading) }
            var set = try #require(detector.trainingSet())
            set.learned = .seconds(1_800)
            site = try Trainer.train(set, seed: 1, steps: 60)
        }
        var counts: [Entity.View: (all: Int, explained: Int, byScore: Int)] = [:]
        var byAll = 0
        for attack in Self.attacks {
            var configuration = DetectionConfiguration()
            configuration.learnDuration = .zero
            let detector = Detector(
                configuration: configuration, shippedModel: shipped, siteModel: site)
            var script = ScriptedTraffic()
            // Nobody has to do with the victim before, so nothing is usual of it.
            Customer.browser.write(&script, 2 + attack.length)
            script.append(attack.traffic, at: 2)
            for reading in readings(script, until: 2 + attack.length, family) {
                for verdict in detector.observe(reading).verdicts {
                    let view = verdict.entity.view
                    let opinions = Opinions(shipped: shipped[view], site: site?[view])
                    func score(_ row: [Float]) -> Double { opinions.judge(features: row)[0].score }
                    #expect(!verdict.features.isEmpty && !verdict.summary.isEmpty)
                    #expect(verdict.features.reduce(0) { $0 + $1.share } <= 1.0001)
                    #expect(verdict.features.allSatisfy { ($0.low != nil) == hasModel })
                    counts[view, default: (0, 0, 0)].all += 1
                    let (own, usual) = (
                        score(verdict.row), (site?[view].scaler ?? shipped[view].scaler).medians
                    )
                    guard verdict.features.contains(where: { $0.harmless != nil }) else { continue }
                    counts[view]?.explained += 1
                    // What is usual of the entity is taken off; a finding counts for more than the score.
                    let isByScore = abs(own - verdict.score) < 0.05
                    let threshold = verdict.threshold + (isByScore ? own - verdict.score : 0)
                    let other = harmlessRow(verdict, usual: usual)
                    if verdict.othersNearer != nil { byAll += 1 }
                    #expect(score(other) < threshold, "\(attack.name): \(verdict)")
                    guard isByScore else { continue }
                    counts[view]?.byScore += 1
                    #expect(own >= threshold, "\(attack.name): \(verdict)")
                }
            }
        }
        let all = counts.values.reduce(0) { $0 + $1.all }
        #expect(byAll > 0 && (hasModel || byAll < all), "\(byAll) of \(counts)")
        for view in Entity.View.allCases {
            let count = counts[view] ?? (0, 0, 0)
            #expect(count.all > 0 && count.explained == count.all, "\(view): \(counts)")
            // On the first day, floods of many sources are told by what can be counted.
            #expect(count.byScore > 0 || view == .destination && !hasModel, "\(view): \(counts)")
        }
    }

    /// A view's judgement of one window, as ViewDetector would make it.
    private func counterfactual(_ evidence: Evidence, packets: UInt64, threshold: Double) -> Counterfactual {
        Counterfactual(
            window: Window(
                entity: Entity(view: .source, prefix: Prefix(Address(ipv4: 1))), slot: 0, serial: 1,
                packets: packets, bytes: packets * 60, evidence: evidence),
            opinions: Opinions(shipped: shipped.source, site: nil), usualScore: 0, lasting: 0,
            bars: Bars(site: nil, view: .source, budget: AlarmBudget(acceptedPerDay: 24)),
            threshold: threshold,
            scope: FindingScope(seesBothWays: true, isLearned: false, budget: FindingBudget()))
    }

    @Test(
        "as little as is needed is moved: under half of the score, and under the bar of an alert by lasting's",
        arguments: [nil, 1.2])
    func leastMoved(fixed: Double?) throws {
        let medians = shipped.source.scaler.medians
        var row = medians
        let leading = [Feature.newFlows, .sourcePorts, .newFlows10].map(\.rawValue)
        for feature in leading { row[feature] += 6 }
        let counterfactual = counterfactual(Evidence(), packets: 2, threshold: 0)
        func score(_ row: [Float]) -> Double { counterfactual.opinions.judge(features: row)[0].score }
        let threshold = fixed ?? score(row) / 2
        let bounds = self.counterfactual(Evidence(), packets: 2, threshold: threshold)
            .bounds(row, leading: leading, usual: medians).values
        #expect(!bounds.isEmpty)
        var other = row
        for (feature, bound) in bounds {
            other[feature] = bound
            #expect(bound < row[feature] && bound >= medians[feature])
        }
        #expect(score(other) < threshold)
    }

    @Test("of a finding, it is what would have been none of any tier")
    func findings() throws {
        var evidence = Evidence()
        (evidence.initiatedPackets, evidence.novelServices60, evidence.failedServices60) = (60, 57, 50)
        let row = shipped.source.scaler.medians
        let index = Feature.novel60.rawValue
        var full = row
        full[index] = .log(onePlus: 57)
        let finding = try #require(
            PlainFindings.closest(
                in: counterfactual(evidence, packets: 60, threshold: 3.5).window,
                scope: FindingScope(seesBothWays: true, isLearned: false, budget: FindingBudget())))
        #expect(finding.tier == .block && finding.excess == 1.25)
        let bounds = counterfactual(evidence, packets: 60, threshold: 3.5)
            .bounds(full, finding: finding, leading: [index], usual: row).values
        // Forty that fail are shut out, but twenty are told of, which is 22.8 in all.
        let services = try FeatureSchema.features[index].scale.quantity(of: Double(#require(bounds[index])))
        #expect(services < 22.8 && services > 22.6)
    }
}
