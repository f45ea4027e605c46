package import API
package import Policy
import Traffic

extension NetworkReport.Group {
    /// What a record comes to.
    ///
    /// The intervals are of false rules a day, and of their share; `nil` where there is none.
    package init(
        _ name: String?, _ record: TrackRecord, history: [Double], in circumstances: Advice.Circumstances,
        wrongPerDay: (low: Double, high: Double)?, wrongShare: (low: Double, high: Double)?
    ) {
        let advice = Advice(on: record, in: circumstances)
        self.init(
            name: name, mode: circumstances.mode,
            watched: Dictionary(record.watched.map { ($0.key.rawValue, $0.value) }) { first, _ in first },
            traffic: record.traffic, outcomes: Mode.allCases.map { NetworkReport.Outcome($0, record) },
            falseAlarms: NetworkReport.FalseAlarms(
                judged: record.judged, wrong: record.wrong,
                wrongPerDay: record.judging > 0 ? Double(record.wrong) * 86_400 / record.judging : 0,
                low: wrongPerDay?.low ?? 0, high: wrongPerDay?.high ?? 0,
                share: record.judged > 0 ? Double(record.wrong) / Double(record.judged) : nil,
                shareLow: wrongShare?.low, shareHigh: wrongShare?.high,
                acceptedPerDay: circumstances.accepted, realisedPerDay: circumstances.realised),
            history: history,
            advice: NetworkReport.AdviceReport(
                move: .init(advice.move), mode: advice.mode, reasons: advice.reasons))
    }
}

extension NetworkReport.AdviceReport.Move {
    fileprivate init(_ move: Advice.Move) {
        self =
            switch move {
            case .stay: .stay
            case .advance: .advance
            case .retreat: .retreat
            }
    }
}

extension NetworkReport.Outcome {
    fileprivate init(_ mode: Mode, _ record: TrackRecord) {
        let acts = mode != .learn
        let (stopped, known) =
            switch mode {
            case .learn, .shadow: (Count(), Count())
            case .limit: (record.toll.limited, record.toll.limitedOfKnown)
            case .enforce: (record.toll.enforced, record.toll.enforcedOfKnown)
            }
        let all = Double(record.traffic.packets)
        self.init(
            mode: mode, bans: acts && mode != .limit ? record.bans : 0,
            limits: !acts ? 0 : mode == .limit ? record.bans + record.limits : record.limits,
            stopped: stopped, share: all > 0 ? min(1, Double(stopped.packets) / all) : 0, known: known,
            knownSources: acts ? record.onKnown : 0,
            isAtLeast: mode == .enforce && (record.watched[.limit] ?? 0) > 0)
    }
}
