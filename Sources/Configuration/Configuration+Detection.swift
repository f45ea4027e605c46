package import Detection
import Features
package import Models
import Policy
import Traffic

extension DetectionConfiguration {
    /// What the configuration says of detection, wherever it is.
    package init(_ configuration: Configuration) {
        self.init()
        windows.ipv6SourceLength = configuration.ipv6SourcePrefix
        windows.localPrefixes = configuration.localNetworks
        learnDuration = configuration.learn.duration
        retrainInterval = configuration.learn.retrain
        trialDuration = configuration.learn.trial
        accepted = configuration.acceptedAlarms
        grouping = Grouping(configuration.groups.map(\.traffic))
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
