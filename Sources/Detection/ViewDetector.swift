import Features
import Models
import RealModule
import Traffic

/// Decides on the windows of one view.
struct ViewDetector {
    /// What is remembered of one entity, by its slot in the window builder.
    private struct EntityState {
        var serial: UInt32 = 0
        /// Of windows without verdict.
        var usual = Usual()
        var lasting = Lasting()
        var news = News()
        var lastAlarm: Timestamp?
        /// The latest alert by a finding.
        var lastFinding: (feature: Feature, time: Timestamp)?
        /// It was there before the model came into use, which makes of it what it may: its usual score has to be learned first.
        var isOlder = false
    }

    private let view: Entity.View
    private let configuration: DetectionConfiguration
    private let shipped: ShippedModel
    private var site: SiteModel?
    private var opinions: Opinions
    private var states: [EntityState] = []
    /// Since when the site's model is in use.
    private var adopted: Timestamp?
    private var budgets: AlarmBudgets
    private var findingBudget = FindingBudget()
    private var causes = SharedCauses()
    /// Alarms by score without countable evidence so far, one an entity and hour.
    private(set) var alarms = 0
    private var explainer: Explainer
    private var drifting: Drift?
    /// The latest windows and what was thought of them.
    private var latest = (batch: WindowBatch(), opinions: [Opinion]())

    init(_ view: Entity.View, configuration: DetectionConfiguration, shipped: ShippedModel, site: SiteModel?)
    {
        self.view = view
        self.configuration = configuration
        self.shipped = shipped
        self.site = site
        opinions = Opinions(shipped: shipped[view], site: site.flatMap { $0.isTrusted ? $0[view] : nil })
        explainer = Explainer(shipped: shipped[view], site: site?[view])
        budgets = AlarmBudgets(configuration.accepted, grouping: configuration.grouping)
        drifting = site.map { Drift(view, from: $0[view]) }
    }

    /// How far traffic has moved from what was learned; `nil` without a model of this site.
    var drift: DriftReport? { drifting?.report }

    /// Alarms by score without countable evidence, by group.
    var alarmRates: [(group: String?, accepted: Double, realised: AlarmRate)] { budgets.rates }

    /// How many false alarms a day are accepted in all groups.
    var accepted: Double { budgets.accepted }

    mutating func regroup(_ accepted: AcceptedAlarms, _ grouping: Grouping) {
        budgets.regroup(accepted, grouping)
    }

    var modelName: String { [shipped.name, site?.name].compactMap(\.self).joined(separator: " + ") }

    mutating func adopt(_ model: SiteModel) {
        site = model
        opinions = Opinions(shipped: shipped[view], site: model.isTrusted ? model[view] : nil)
        explainer = Explainer(shipped: shipped[view], site: model[view])
        drifting = Drift(view, from: model[view])
        for index in states.indices {
            states[index].usual = Usual()
            states[index].isOlder = true
        }
        adopted = nil
    }

    mutating func observe(
        _ batch: WindowBatch, seesBothWays: Bool, at time: Timestamp, learning: inout Learning?,
        into observation: inout Observation
    ) {
        let barsByPlace = budgets.bars(site: site, view: view)
        var (windowsByPlace, alarmsByPlace) = (
            Array(repeating: 0, count: budgets.count), Array(repeating: 0, count: budgets.count)
        )
        let isSettled = time - (adopted ?? time) >= Usual.acquaintance
        adopted = adopted ?? time
        findingBudget.pass(to: time)
        let scope = FindingScope(
            seesBothWays: seesBothWays, isLearned: opinions.site != nil, budget: findingBudget)
        latest = (batch, opinions.judge(batch))
        for (row, opinion) in latest.opinions.enumerated() {
            let window = batch.windows[row]
            prepare(window)
            let features = batch.features(of: row)
            let place = budgets.place(of: window)
            let bars = barsByPlace[place]
            windowsByPlace[place] += 1
            let isEcho = Echo.isAll(of: opinion.group, in: features)
            let score = isEcho ? 0 : max(0, opinion.score - states[window.slot].usual.score)
            let closest = PlainFindings.closest(in: window, scope: scope)
            let finding = closest.flatMap { $0.excess >= 1 ? $0 : nil }
            let mean = states[window.slot].lasting.add(score, at: time)
            let lasting = isSettled || !states[window.slot].isOlder ? mean : 0
            let decision = bars.decide(
                score: score, lasting: lasting, opinion: opinion, window: window, finding: finding)
            observation.windows.append(
                ScoredWindow(
                    entity: window.entity,
                    score: bars.standing(score: score, lasting: mean, closest: closest),
                    threshold: bars.least, table: opinion.table, site: opinion.site, packets: window.packets,
                    bytes: window.bytes, isTwoWay: window.evidence.isTwoWay))
            learning?.take(
                window, features, table: opinion.table, isSuspect: decision != nil, now: time)
            guard let decision else {
                if !isEcho { states[window.slot].usual.add(opinion.score, at: time) }
                if let score = opinion.site { drifting?.add(score: score) }
                continue
            }
            let reason = finding?.reason ?? opinion.group.rawValue
            if decision.tier == .alert, Evidence.isSources(window, reason: reason) { continue }
            if let finding, decision.tier == .alert, !causes.isNews(finding, on: window, at: time) {
                continue
            }
            guard
                states[window.slot].news.isNews(
                    decision.tier, reason, of: window.evidence.largestFlow, at: time,
                    interval: configuration.repeatInterval)
            else { continue }
            if let finding, decision.tier == .alert, isFirst(finding, of: window.slot, at: time) {
                findingBudget.count(finding.feature, at: time)
            }
            // What there is evidence for is hardly a false alarm, and an attack must not raise the bars for the next.
            if finding == nil, !Evidence.bearsBlock(window), countsAsAlarm(window.slot, at: time) {
                alarms += 1
                alarmsByPlace[place] += 1
            }
            observation.verdicts.append(
                explainer.verdict(
                    on: window, features: features, opinion: opinion, decision: decision, finding: finding,
                    counterfactual: Counterfactual(
                        window: window, opinions: opinions, usualScore: states[window.slot].usual.score,
                        threshold: decision.threshold),
                    time: time, model: modelName))
        }
        budgets.count(windows: windowsByPlace, alarms: alarmsByPlace, at: time)
        if let report = drifting?.pass(batch, at: time) { observation.drifted.append(report) }
    }

    /// What the latest window says of an entity; `nil` if it has none.
    func report(on entity: Entity) -> EntityReport? {
        guard let row = latest.batch.windows.firstIndex(where: { $0.entity == entity }) else { return nil }
        let features = latest.batch.features(of: row)
        let flows = FeatureSchema.features[Feature.flows.rawValue].scale
            .quantity(of: Double(features[features.startIndex + Feature.flows.rawValue]))
        return EntityReport(
            flows: Int(flows.rounded()), peers: latest.batch.windows[row].evidence.peers,
            features: explainer.contributions(features, opinion: latest.opinions[row], finding: nil))
    }

    /// Takes an operator's word on a verdict; `slot` is the entity's, if it is still known.
    mutating func learn(from verdict: Verdict, wasRight: Bool, slot: Int?, at time: Timestamp) {
        budgets.learn(from: verdict, wasRight: wasRight, at: time)
        if !wasRight, let slot, states.indices.contains(slot) {
            states[slot].usual.settle(on: verdict.score)
        }
    }

    /// Makes room for the entity's state, and clears a former entity's.
    private mutating func prepare(_ window: Window) {
        while states.count <= window.slot { states.append(EntityState()) }
        if states[window.slot].serial != window.serial {
            states[window.slot] = EntityState(serial: window.serial)
        }
    }

    /// Whether an alert by a finding is the entity's first of the kind within an hour.
    private mutating func isFirst(_ finding: Finding, of slot: Int, at time: Timestamp) -> Bool {
        defer { states[slot].lastFinding = (finding.feature, time) }
        guard let last = states[slot].lastFinding, last.feature == finding.feature else { return true }
        return time - last.time >= .seconds(3600)
    }

    private mutating func countsAsAlarm(_ slot: Int, at time: Timestamp) -> Bool {
        if let last = states[slot].lastAlarm, time - last < .seconds(3600) { return false }
        states[slot].lastAlarm = time
        return true
    }
}
