import Features
import Models
import RealModule
import Traffic

/// Decides on the windows of one view.
struct ViewDetector {
    /// What is remembered of one entity, by its slot in the window builder.
    private struct EntityState {
        var serial: UInt32 = 0
        /// Where its latest window counted, among the policy groups.
        var place = 0
        var lasting = Lasting()
        var news = News()
        var lastAlarm: Timestamp?
        var told = ToldFindings()
        /// When another model came to judge it, which makes of it what it may: its usual score has to be learned first.
        var rejudged: Timestamp?
    }

    private let view: Entity.View
    private let configuration: DetectionConfiguration
    private let shipped: ShippedModel
    /// The shared model first, then those of policy groups that have their own.
    private var models: [WorkingModel]
    /// Which of these learns from the windows of each place, and which judges them: the first until the group's has learned.
    private var learners: [Int] = []
    private var judges: [Int] = []
    private var states: [EntityState] = []
    /// End of the latest reading.
    private var now = Timestamp(nanoseconds: 0)
    private var budgets: AlarmBudgets
    private var findingBudget = FindingBudget()
    private var causes = SharedCauses()
    /// The latest windows and what was thought of them.
    private var latest = (batch: WindowBatch(), opinions: [Opinion]())

    init(_ view: Entity.View, configuration: DetectionConfiguration, shipped: ShippedModel, site: SiteModel?)
    {
        self.view = view
        self.configuration = configuration
        self.shipped = shipped
        models = [WorkingModel(view, of: nil, shipped: shipped, site: site)]
        budgets = AlarmBudgets(configuration.accepted, grouping: configuration.grouping)
        seat(configuration.grouping)
    }

    /// How far traffic has moved from what each model learned; empty before there is one of this site.
    var drift: [DriftReport] { models.compactMap { $0.drifting?.report } }

    /// Alarms by score without countable evidence, by group.
    var alarmRates: [(group: String?, accepted: Double, realised: AlarmRate)] { budgets.rates }

    /// The same so far, by model.
    var alarms: [Int] { models.map(\.alarms) }

    /// How many false alarms a day are accepted in all that a group's model (`nil`: the shared one) judges.
    func accepted(by group: String?) -> Double {
        budgets.accepted(in: judges.indices.filter { models[judges[$0]].group == group })
    }

    /// Names of the models that judge what has no model of its own.
    var modelName: String { models[0].name }

    mutating func regroup(_ accepted: AcceptedAlarms, _ grouping: Grouping) {
        let (names, before) = (budgets.names, judges.map { models[$0].group })
        budgets.regroup(accepted, grouping)
        seat(grouping)
        for index in states.indices {
            let old = states[index].place
            let place = budgets.names.firstIndex(of: names[old]) ?? 0
            states[index].place = place
            if models[judges[place]].group != before[old] { states[index].rejudged = now }
        }
    }

    /// Has a model for each group that shall have its own, the former one where there was one.
    private mutating func seat(_ grouping: Grouping) {
        models = grouping.modelGroups.map { group in
            models.first { $0.group == group } ?? WorkingModel(view, of: group, shipped: shipped, site: nil)
        }
        learners = budgets.names.map { grouping.modelGroups.firstIndex(of: $0) ?? 0 }
        seatJudges()
    }

    private mutating func seatJudges() { judges = learners.map { models[$0].site == nil ? 0 : $0 } }

    /// Judges a group (`nil`: all without a model of their own) by another model from now on.
    mutating func adopt(_ site: SiteModel, in group: String?) {
        guard let model = models.firstIndex(where: { $0.group == group }) else { return }
        models[model] = WorkingModel(view, of: group, shipped: shipped, site: site)
        seatJudges()
        for index in states.indices where judges[states[index].place] == model {
            states[index].rejudged = now
        }
    }

    /// The windows that a group's model (`nil`: the shared one) judges.
    func part(of batch: WindowBatch, judgedFor group: String?) -> WindowBatch {
        guard models.count > 1 else { return batch }
        return batch.part(
            batch.windows.indices.filter {
                models[judges[budgets.place(of: batch.windows[$0])]].group == group
            })
    }

    /// What the models say of the windows that each of them judges.
    private func judge(_ parts: [(rows: [Int], batch: WindowBatch)], count: Int) -> [Opinion] {
        guard models.count > 1 else { return models[0].opinions.judge(parts[0].batch) }
        var opinions = [Opinion](repeating: Opinion(), count: count)
        for (model, part) in zip(models, parts) {
            for (row, opinion) in zip(part.rows, model.opinions.judge(part.batch)) { opinions[row] = opinion }
        }
        return opinions
    }

    mutating func observe(
        _ batch: WindowBatch, seesBothWays: Bool, at time: Timestamp, lives: inout [ModelLife],
        into observation: inout Observation
    ) {
        let places = batch.windows.map(budgets.place)
        let parts = models.indices.map { model -> (rows: [Int], batch: WindowBatch) in
            guard models.count > 1 else { return ([], batch) }
            let rows = places.indices.filter { judges[places[$0]] == model }
            return (rows, batch.part(rows))
        }
        let barsByPlace = budgets.bars(view, judges: judges, models: models.map(\.site))
        var (windowsByPlace, alarmsByPlace) = (
            Array(repeating: 0, count: budgets.count), Array(repeating: 0, count: budgets.count)
        )
        now = time
        findingBudget.pass(to: time)
        let scopes = models.map {
            FindingScope(
                seesBothWays: seesBothWays, isLearned: $0.opinions.site != nil, budget: findingBudget)
        }
        latest = (batch, judge(parts, count: places.count))
        for (row, opinion) in latest.opinions.enumerated() {
            let window = batch.windows[row]
            let place = places[row]
            let judge = judges[place]
            prepare(window, in: place)
            let features = batch.features(of: row)
            let bars = barsByPlace[place]
            // Its features were judged when it still had traffic.
            let isEcho = window.isSilent || Echo.isAll(of: opinion.group, in: features)
            if !window.isSilent { windowsByPlace[place] += 1 }
            let score = isEcho ? 0 : max(0, opinion.score - models[judge].usuals[window.slot].score)
            let closest = PlainFindings.closest(in: window, scope: scopes[judge])
            var finding = closest.flatMap { $0.excess >= 1 ? $0 : nil }
            let mean = window.isSilent ? 0 : states[window.slot].lasting.add(score, at: time)
            let isSettled =
                states[window.slot].rejudged.map { time.hasPassed(Usual.acquaintance, since: $0) } ?? true
            let lasting = isSettled ? mean : 0
            func decide() -> Bars.Decision? {
                bars.decide(
                    score: score, lasting: lasting, opinion: opinion, window: window, finding: finding)
            }
            var decision = decide()
            if !window.isSilent {
                observation.windows.append(
                    ScoredWindow(
                        entity: window.entity,
                        score: bars.standing(score: score, lasting: mean, closest: closest),
                        threshold: bars.least, table: opinion.table, site: opinion.site,
                        packets: window.packets,
                        bytes: window.bytes, isTwoWay: window.evidence.isTwoWay))
                lives.take(
                    window, features, table: opinion.table, isSuspect: decision != nil, into: learners[place],
                    judgedBy: judge, now: time)
            }
            guard decision != nil else {
                if !isEcho { models[judge].usuals[window.slot].add(opinion.score, at: time) }
                if let score = opinion.site { models[judge].drifting?.add(score: score) }
                continue
            }
            var scope = scopes[judge]
            while let one = finding, decision?.tier == .alert, !states[window.slot].told.isNews(one, at: time)
            {
                causes.goOn(one, on: window, at: time)
                // What else there is to say.
                scope.told.append(one)
                finding = PlainFindings.closest(in: window, scope: scope).flatMap {
                    $0.excess >= 1 ? $0 : nil
                }
                decision = decide()
            }
            guard let decision else { continue }
            let reason = finding?.reason ?? opinion.group.rawValue
            if decision.tier == .alert, Evidence.isSources(window, reason: reason) { continue }
            if let finding, decision.tier == .alert, !causes.isNews(finding, on: window, at: time) {
                continue
            }
            guard
                states[window.slot].news.isNews(
                    decision.tier, reason, isCertain: finding?.tier == .block,
                    of: window.evidence.largestFlow, at: time,
                    interval: configuration.repeatInterval)
            else { continue }
            if let finding, decision.tier == .alert, states[window.slot].told.tell(finding, at: time) {
                findingBudget.count(finding.feature, at: time)
            }
            // What there is evidence for is hardly a false alarm, and an attack must not raise the bars for the next.
            if finding == nil, !Evidence.bearsBlock(window), countsAsAlarm(window.slot, at: time) {
                models[judge].alarms += 1
                alarmsByPlace[place] += 1
            }
            observation.verdicts.append(
                models[judge].explainer.verdict(
                    on: window, features: features, opinion: opinion, decision: decision, finding: finding,
                    counterfactual: Counterfactual(
                        window: window, opinions: models[judge].opinions,
                        usualScore: models[judge].usuals[window.slot].score, lasting: lasting, bars: bars,
                        threshold: decision.threshold, scope: scope),
                    time: time, model: models[judge].name))
        }
        budgets.count(windows: windowsByPlace, alarms: alarmsByPlace, at: time)
        for (model, part) in zip(models.indices, parts) {
            if let report = models[model].drifting?.pass(part.batch, at: time) {
                observation.drifted.append(report)
            }
        }
    }

    /// What the latest window says of an entity; `nil` if it has none.
    func report(on entity: Entity) -> EntityReport? {
        guard let row = latest.batch.windows.firstIndex(where: { $0.entity == entity }) else { return nil }
        let features = latest.batch.features(of: row)
        let flows = FeatureSchema.features[Feature.flows.rawValue].scale
            .quantity(of: Double(features[features.startIndex + Feature.flows.rawValue]))
        let window = latest.batch.windows[row]
        let model = models[judges[budgets.place(of: window)]]
        return EntityReport(
            flows: Int(flows.rounded()), peers: window.evidence.peers, model: model.name,
            features: model.explainer.contributions(features, opinion: latest.opinions[row], finding: nil))
    }

    /// Takes an operator's word on a verdict; `slot` is the entity's, if it is still known.
    mutating func learn(from verdict: Verdict, wasRight: Bool, slot: Int?, at time: Timestamp) {
        budgets.learn(from: verdict, wasRight: wasRight, at: time)
        if !wasRight, let slot, states.indices.contains(slot) {
            models[judges[budgets.place(of: verdict)]].usuals[slot].settle(on: verdict.score)
        }
    }

    /// Makes room for the entity's state, and clears a former entity's.
    private mutating func prepare(_ window: Window, in place: Int) {
        while states.count <= window.slot { states.append(EntityState()) }
        if states[window.slot].serial != window.serial {
            states[window.slot] = EntityState(serial: window.serial)
            for model in models.indices { models[model].usuals.forget(window.slot) }
        }
        states[window.slot].place = place
    }

    private mutating func countsAsAlarm(_ slot: Int, at time: Timestamp) -> Bool {
        if let last = states[slot].lastAlarm, !time.hasPassed(.seconds(3600), since: last) { return false }
        states[slot].lastAlarm = time
        return true
    }
}
