package import Configuration
import Detection
package import Models
import Signing
import Store
import Traffic

/// Learning: the first model of this site, and then again and again the next one.
///
/// A new model takes over only by what it does: it must find every canary that the model in use finds, and then judges beside
/// it for `learn.trial` without raising more alarms.
extension Agent {
    /// Recorded windows go to disk this often, so that a restart loses no more.
    private static let recordingInterval: Duration = .seconds(3600)
    /// Rows of one recording, in each view: 272 bytes each.
    private static let recordedRows = 5_000

    /// Tells progress, and trains when enough has been learned.
    func learn(at now: Timestamp) {
        switch engine.detector.phase {
        case .learning(let fraction):
            tellProgress(fraction)
        case .readyToTrain where training == nil:
            tellProgress(1)
            guard let set = engine.detector.trainingSet() else { return }
            recordingStarted = now - set.learned
            attempt("recording") { try saveRecording(of: set, at: now) }
            recordingStarted = nil
            let kind = ModelKind(configuration.detection.model)
            train { (try Trainer.train(set, kind: kind, seed: 1), nil) }
        case .readyToTrain:
            break
        case .watching:
            record(at: now)
            if training == nil, engine.detector.isReadyToRetrain { retrain(at: now) }
            judgeTrial(at: now)
        }
    }

    /// Trains in the background, since it takes seconds; `body` also says why the result is of no use, if it is not.
    private func train(_ body: @escaping @Sendable () throws -> (SiteModel, String?)) {
        let started = clock.now
        training = Task.detached { [weak self] in
            let result: Result<(SiteModel, String?), any Error>
            do {
                result = .success(try await LowPriority.run(body))
            } catch {
                result = .failure(error)
            }
            await self?.finishTraining(result, since: started)
        }
    }

    private func finishTraining(_ result: Result<(SiteModel, String?), any Error>, since: Timestamp) {
        training = nil
        guard !Task.isCancelled else { return }
        let now = clock.now
        let isFirst = trained == nil
        do {
            let (model, flaw) = try result.get()
            if let flaw {
                attempt("store") { try keep(model, as: .rejected, note: flaw, at: now) }
                engine.detector.learnAnew()
                tell(.trial(model: model.name, .failed(flaw)))
            } else if isFirst {
                use(model, at: now)
                attempt("store") { try keep(model, as: .champion, note: "the first", at: now) }
                tell(.learned(model: model.name, seconds: (now - since).seconds))
            } else {
                engine.detector.challenge(with: model)
                attempt("store") { try keep(model, as: .challenger, note: "on trial", at: now) }
                tell(.trial(model: model.name, .began))
            }
        } catch {
            engine.detector.learnAnew()
            forgetProgress()
            complain("learning", "no model was learned, and learning goes on: \(error)")
        }
    }

    /// Trains the next model on what was recorded of late, and tries the canaries on it.
    private func retrain(at now: Timestamp) {
        let detector = engine.detector
        guard let latest = detector.trainingSet(), let champion = detector.siteModel else { return }
        let shipped = detector.shipped
        let maximumRows = detector.maximumRows
        attempt("recording") { try saveRecording(of: latest, at: now) }
        recordingStarted = nil
        let files = (try? store.recordings(after: now - configuration.learn.memory)) ?? []
        let kind = ModelKind(configuration.detection.model)
        let version = UInt64((try? store.models().count) ?? 0) + 1
        train {
            // Recordings of another version's features are of no use any more, and no error.
            let earlier = files.compactMap { try? TrainingSet(file: ModelFile($0.data), shipped: shipped) }
            let set = TrainingSet(
                merging: earlier.isEmpty ? [latest] : earlier, maximumRows: maximumRows, shipped: shipped)
            let model = try Trainer.train(set, kind: kind, seed: version)
            let missed = Canaries.caught(by: champion, shipped: shipped)
                .subtracting(Canaries.caught(by: model, shipped: shipped))
            guard !missed.isEmpty else { return (model, nil) }
            return (
                model,
                "it does not find \(missed.sorted().joined(separator: ", ")), which the one in use does"
            )
        }
    }

    /// Writes down once an hour what was collected for the next model.
    private func record(at now: Timestamp) {
        guard let started = recordingStarted else {
            recordingStarted = now
            recordingSaved = now
            return
        }
        guard now - recordingSaved >= Self.recordingInterval, started < now,
            let set = engine.detector.trainingSet()
        else { return }
        attempt("recording") { try saveRecording(of: set, at: now) }
    }

    private func saveRecording(of set: TrainingSet, at now: Timestamp) throws {
        recordingSaved = now
        let part = TrainingSet(
            merging: [set], maximumRows: Self.recordedRows, shipped: engine.detector.shipped)
        try store.save(recording: part.file.bytes, started: recordingStarted ?? now, ended: now)
        try store.pruneRecordings(before: now - configuration.learn.memory)
    }

    private func judgeTrial(at now: Timestamp) {
        guard let trial = engine.detector.trial else { return }
        switch trial.outcome {
        case .running:
            break
        case .passed:
            let note =
                "passed its trial: \(trial.alarms) alarms without evidence, the one before \(trial.championAlarms)"
            use(trial.model, at: now)
            attempt("store") { try store.assign(.champion, to: trial.model.name, note: note, at: now) }
            tell(.trial(model: trial.model.name, .passed))
        case .failed(let reason):
            engine.detector.endTrial()
            engine.detector.learnAnew()
            attempt("store") { try store.assign(.rejected, to: trial.model.name, note: reason, at: now) }
            tell(.trial(model: trial.model.name, .failed(reason)))
        }
    }

    /// Judges by `model` from now on.
    func use(_ model: SiteModel, at now: Timestamp) {
        engine.detector.adopt(model)
        trained = now
    }

    /// Keeps a model that was trained here, signed.
    private func keep(
        _ model: SiteModel, as role: SavedModel.Role, note: String, at now: Timestamp
    ) throws {
        try keep(model, data: model.file.signed(by: key).bytes, as: role, note: note, at: now)
    }

    /// Keeps a model with the signature that its file has.
    func keep(
        _ model: SiteModel, data: [UInt8], as role: SavedModel.Role, note: String, at now: Timestamp
    ) throws {
        try store.save(
            SavedModel(
                id: model.name, trained: now, role: role, since: now, note: note,
                metadata: Self.metadata(of: model), data: data))
    }

    /// The file's header as JSON: short words and numbers, in which nothing needs escaping.
    private static func metadata(of site: SiteModel) -> String {
        let pairs = site.file.metadata.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }
        return "{\(pairs.joined(separator: ","))}"
    }
}

extension ModelKind {
    /// The kind that a configuration names.
    package init(_ name: Configuration.Detection.Model) {
        self =
            switch name {
            case .autoencoder: .autoencoder
            case .pca: .pca
            case .forest: .forest
            case .kmeans: .kmeans
            case .svm: .svm
            }
    }
}
