package import Configuration
package import Detection
package import Evaluation
import Features
package import Models
import Policy
package import Replay
package import Traffic

/// Captures through the agent and through plain detectors beside it, for judgement.
package struct EvaluationRun {
    private let configuration: Configuration
    private let learning: Duration?

    /// `learning` is the span at the start of each capture in which to learn, which is not judged.
    package init(configuration: Configuration, learning: Duration?) {
        self.configuration = configuration
        self.learning = learning
    }

    /// What the agent and each of the plain detectors said of one capture.
    package struct Result {
        package var agent = Record()
        package var baselines: [(kind: Baseline.Kind, record: Record)] = []
        /// Frames that are in none of it, for their interfaces have a link type that is not known.
        package var leftOut: [LeftOut] = []
    }

    /// Replays the capture at `path`.
    ///
    /// - Parameters:
    ///   - path: of the capture.
    ///   - shipped: the model to begin with; `nil`: the one that comes with the program.
    ///   - site: the site's model, if it is not to be learned from the capture.
    ///   - progress: gets the capture's time, now and then.
    /// - Returns: alerts and windows.
    /// - Throws: `CaptureError` where there is no frame, or the capture is cut off.
    package func replay(
        _ path: String, shipped: ShippedModel? = nil, site: SiteModel? = nil, progress: (Timestamp) -> Void
    ) throws -> Result {
        let run = try ReplayRun(
            [Capture(path: path)], configuration: configuration, learning: site == nil ? learning : nil,
            shipped: shipped, site: site)
        var result = Result()
        var builder = WindowBuilder(configuration: DetectionConfiguration(configuration).windows)
        // Deviations are from what was usual, so there is nothing to say without learning.
        var baselines = Baseline.Kind.allCases.filter { $0 == .thresholds || learning != nil }.map(
            Baseline.init)
        var first: Timestamp?
        let summary = try run.run { step in
            switch step {
            case .reading(let reading):
                let start = first ?? reading.start
                first = start
                let isLearning = learning.map { reading.end - start < $0 } ?? false
                let batches = builder.observe(reading)
                for window in batches.source.windows + batches.destination.windows {
                    for index in baselines.indices {
                        baselines[index].observe(
                            window, at: Self.seconds(reading.end), isLearning: isLearning)
                    }
                }
            case .window(let entity, let score, let time):
                result.agent.windows.append(
                    Record.Window(time: Self.seconds(time), entity: entity, score: score))
            case .event(.alert(let alert), _):
                result.agent.alerts.append(
                    Record.Alert(
                        time: Self.seconds(alert.verdict.time), entity: alert.verdict.entity,
                        isBlock: alert.action != .alert))
            case .event: break
            }
        } progress: {
            progress($0)
        }
        if let failure = summary.failure { throw failure }
        result.leftOut = summary.leftOut
        let (start, end) = (Self.seconds(summary.firstTime), Self.seconds(summary.lastTime))
        (result.agent.firstTime, result.agent.lastTime) = (start, end)
        result.baselines = baselines.map { baseline in
            var record = baseline.record
            (record.firstTime, record.lastTime) = (start, end)
            return (baseline.kind, record)
        }
        return result
    }

    /// Trains the model that comes with the program anew, from these captures alone.
    ///
    /// - Throws: `CaptureError`; `TrainingError` if there is too little traffic in them.
    package func shippedModel(of captures: [String], progress: (Timestamp) -> Void) throws -> ShippedModel {
        var training = ShippedModelTraining()
        for path in captures {
            try read(path, progress: progress) { training.add($0) }
            training.endCapture()
        }
        return try training.train(name: "evaluation")
    }

    /// Trains a site's model on all of a capture but the span between two times; of the configured kind, or another.
    ///
    /// - Throws: `CaptureError`; `TrainingError` if there is too little traffic in it.
    package func siteModel(
        of path: String, without span: Range<Double>, kind: ModelKind?, progress: (Timestamp) -> Void
    ) throws -> SiteModel? {
        var detection = DetectionConfiguration(configuration)
        // Longer than any capture: the set is taken when the capture ends.
        detection.learnDuration = .seconds(1_000_000_000)
        let detector = Detector(configuration: detection, shippedModel: try .embedded())
        try read(path, progress: progress) { reading in
            if !span.contains(Self.seconds(reading.end)) { _ = detector.observe(reading) }
        }
        return try detector.trainingSet().map {
            try Trainer.train($0, kind: kind ?? ModelKind(configuration.detection.model), seed: 1)
        }
    }

    private func read(
        _ path: String, progress: (Timestamp) -> Void, _ body: (Reading) -> Void
    ) throws {
        let source = try CaptureSource([Capture(path: path)])
        var now = source.firstTime
        while let next = source.nextTime {
            now = max(now + configuration.interval, next - configuration.interval)
            body(source.read(at: now))
            progress(now)
        }
        if let failure = source.failure { throw failure }
    }

    /// As the lines of `sluice replay` have it.
    private static func seconds(_ time: Timestamp) -> Double { Double(time.nanoseconds / 1000) / 1e6 }
}
