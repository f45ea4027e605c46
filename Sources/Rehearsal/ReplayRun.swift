package import Configuration
package import Detection
import Engine
package import Features
import Models
package import Policy
package import Replay
package import Traffic

/// The agent's logic over captures, on their clock, as fast as it goes; deterministic.
package struct ReplayRun {
    /// What happens on the way, in order.
    package enum Step {
        case reading(Reading)
        case window(Entity, score: Double, time: Timestamp)
        case event(Event, time: Timestamp)
    }

    private let source: CaptureSource
    private let engine: Engine
    private let interval: Duration
    private let configuration: Configuration

    /// A replay of `captures`, which are in the order of their times.
    ///
    /// `learning` is the span at the start in which to learn; `nil`: judge by the model that comes with the program.
    ///
    /// `shipped` and `site` take the place of the model that comes with the program, and of one that is learned.
    ///
    /// - Throws: `CaptureError` where there is no frame.
    package init(
        _ captures: [Capture], configuration: Configuration, learning: Duration?,
        shipped: ShippedModel? = nil, site: SiteModel? = nil
    ) throws {
        source = try CaptureSource(captures)
        interval = configuration.interval
        self.configuration = configuration
        var detection = DetectionConfiguration(configuration)
        detection.learnDuration = learning ?? .zero
        let detector = Detector(
            configuration: detection, shippedModel: try shipped ?? .embedded(), siteModel: site)
        let groups = configuration.policyGroups.map {
            PolicyGroup($0.traffic, mode: .enforce, settings: $0.settings)
        }
        var policy = Policy(
            settings: configuration.policy, mode: .enforce, groups: groups,
            breakers: configuration.breakers.settings)
        _ = policy.start(allowing: configuration.allow, restoring: SavedState(), at: source.firstTime)
        engine = Engine(source: source, sink: RuleRecord(), detector: detector, policy: policy)
    }

    /// What a finished replay has to say of itself.
    package struct Summary {
        package var firstTime: Timestamp
        package var lastTime: Timestamp
        package var totals: Totals
        package var alerts: Int
        package var model: String
        /// Frames that are in none of it, for their interfaces have a link type that is not known.
        package var leftOut: [LeftOut]
        /// Why it ended before its time; what came before has been judged.
        package var failure: CaptureError?
    }

    /// Replays to the end.
    ///
    /// - Parameters:
    ///   - step: gets everything that is to be printed.
    ///   - progress: gets the capture's time, now and then.
    /// - Returns: what is known at the end.
    /// - Throws: nothing that captures can cause; those that are cut off are said in the summary.
    package func run(step: (Step) -> Void, progress: (Timestamp) -> Void = { _ in }) throws -> Summary {
        var alerts = 0
        var now = source.firstTime
        while let next = source.nextTime {
            now = now + interval
            // Idle spans are stepped over, but for the second in which the windows before it run out.
            if next - now > .seconds(2) {
                for _ in 0..<Int(1 / interval.seconds) + 1 {
                    try turn(at: now, &alerts, step)
                    now = now + interval
                }
                let idle = Int64((next - now).nanoseconds / interval.nanoseconds)
                now = now + .nanoseconds(idle * interval.nanoseconds)
            }
            try turn(at: now, &alerts, step)
            progress(now)
        }
        return Summary(
            firstTime: source.firstTime, lastTime: source.lastTime, totals: source.totals, alerts: alerts,
            model: engine.detector.modelName, leftOut: source.leftOut, failure: source.failure)
    }

    private func turn(at now: Timestamp, _ alerts: inout Int, _ step: (Step) -> Void) throws {
        let turn = try engine.turn(at: now)
        step(.reading(turn.reading))
        for window in turn.observation.windows {
            step(.window(window.entity, score: window.score, time: now))
        }
        for event in turn.changes.events {
            if case .alert = event { alerts += 1 }
            step(.event(event, time: now))
        }
        // The live agent trains beside its work; here the capture waits.
        for life in engine.detector.lives where life.phase == .readyToTrain {
            guard let set = engine.detector.trainingSet(of: life.group) else { continue }
            let kind = ModelKind(configuration.modelKind(of: life.group))
            do {
                engine.detector.adopt(try Trainer.train(set, kind: kind, seed: 1), in: life.group)
            } catch {
                engine.detector.learnAnew(in: life.group)
            }
        }
    }
}
