// Dapr's sidecar with the components that deploy/dapr names and no others. Dapr's own command registers some hundred,
// which are most of its download and of its build. What runs is Dapr's runtime, unchanged; the cluster runs Dapr's image.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"

	"github.com/dapr/components-contrib/bindings/cron"
	"github.com/dapr/components-contrib/nameresolution/sqlite"
	"github.com/dapr/components-contrib/pubsub/kafka"
	"github.com/dapr/components-contrib/secretstores/local/file"
	postgresql "github.com/dapr/components-contrib/state/postgresql/v2"
	"github.com/dapr/dapr/cmd/daprd/options"
	"github.com/dapr/dapr/pkg/buildinfo"
	"github.com/dapr/dapr/pkg/components"
	"github.com/dapr/dapr/pkg/components/bindings"
	"github.com/dapr/dapr/pkg/components/configuration"
	"github.com/dapr/dapr/pkg/components/conversation"
	"github.com/dapr/dapr/pkg/components/crypto"
	"github.com/dapr/dapr/pkg/components/lock"
	"github.com/dapr/dapr/pkg/components/middleware/http"
	"github.com/dapr/dapr/pkg/components/nameresolution"
	"github.com/dapr/dapr/pkg/components/pubsub"
	"github.com/dapr/dapr/pkg/components/secretstores"
	"github.com/dapr/dapr/pkg/components/state"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/metrics"
	"github.com/dapr/dapr/pkg/modes"
	"github.com/dapr/dapr/pkg/runtime"
	"github.com/dapr/dapr/pkg/runtime/registry"
	"github.com/dapr/dapr/pkg/security"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"
	"go.opencensus.io/stats/view"
)

var log = logger.NewLogger("dapr.runtime")

// The registries also hold the loggers that components write to; without one a component panics.
func chosen() *registry.Options {
	contrib := logger.NewLogger("dapr.contrib")

	bindings.DefaultRegistry.Logger = contrib
	bindings.DefaultRegistry.RegisterInputBinding(cron.NewCron, "cron")
	nameresolution.DefaultRegistry.Logger = contrib
	nameresolution.DefaultRegistry.RegisterComponent(sqlite.NewResolver, "sqlite")
	pubsub.DefaultRegistry.Logger = contrib
	pubsub.DefaultRegistry.RegisterComponent(kafka.NewKafka, "kafka")
	secretstores.DefaultRegistry.Logger = contrib
	secretstores.DefaultRegistry.RegisterComponent(file.NewLocalSecretStore, "local.file")
	state.DefaultRegistry.Logger = contrib
	state.DefaultRegistry.RegisterComponentWithVersions("postgresql", components.Versioning{
		Preferred: components.VersionConstructor{Version: "v2", Constructor: postgresql.NewPostgreSQLStateStore},
		Default:   "v2",
	})

	configuration.DefaultRegistry.Logger = contrib
	conversation.DefaultRegistry.Logger = contrib
	crypto.DefaultRegistry.Logger = contrib
	lock.DefaultRegistry.Logger = contrib
	http.DefaultRegistry.Logger = contrib

	return registry.NewOptions().
		WithBindings(bindings.DefaultRegistry).
		WithConfigurations(configuration.DefaultRegistry).
		WithConversations(conversation.DefaultRegistry).
		WithCryptoProviders(crypto.DefaultRegistry).
		WithHTTPMiddlewares(http.DefaultRegistry).
		WithLocks(lock.DefaultRegistry).
		WithNameResolutions(nameresolution.DefaultRegistry).
		WithPubSubs(pubsub.DefaultRegistry).
		WithSecretStores(secretstores.DefaultRegistry).
		WithStateStores(state.DefaultRegistry)
}

func main() {
	flags, err := options.New(os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	if flags.RuntimeVersion {
		fmt.Println(buildinfo.Version())
		return
	}
	flags.Logger.SetAppID(flags.AppID)
	if err := logger.ApplyOptionsToLoggers(&flags.Logger); err != nil {
		log.Fatal(err)
	}
	log.Infof("daprd %s for %s", buildinfo.Version(), flags.AppID)
	if err := run(signals.Context(), flags); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func run(ctx context.Context, flags *options.Options) error {
	health := healthz.New()
	provider, err := security.New(ctx, security.Options{
		AppID:                   flags.AppID,
		ControlPlaneNamespace:   flags.ControlPlaneNamespace,
		ControlPlaneTrustDomain: flags.ControlPlaneTrustDomain,
		Healthz:                 health,
		JwtAudiences:            flags.SentryRequestJwtAudiences,
		MTLSEnabled:             flags.EnableMTLS,
		Mode:                    modes.DaprMode(flags.Mode),
		SentryAddress:           flags.SentryAddress,
		TrustAnchors:            flags.TrustAnchors,
	})
	if err != nil {
		return err
	}
	sidecar := func(ctx context.Context) error {
		handler, err := provider.Handler(ctx)
		if err != nil {
			return err
		}
		config := &runtime.Config{
			ApplicationPort:  flags.AppPort,
			SchedulerStreams: flags.SchedulerJobStreams,
			Healthz:          health,
			Registry:         chosen(),
			Security:         handler,
		}
		copyNamesakes(config, flags)
		config.Metrics = metrics.Options{
			Enabled:       flags.Metrics.Enabled(),
			Healthz:       health,
			ListenAddress: flags.Metrics.ListenAddress(),
			Log:           log,
			Meter:         view.NewMeter(),
			Namespace:     metrics.DefaultMetricNamespace,
			Port:          flags.Metrics.Port(),
		}
		runner, err := runtime.FromConfig(ctx, config)
		if err != nil {
			return err
		}
		return runner.Run(ctx)
	}
	return concurrency.NewRunnerManager(provider.Run, sidecar).Run(ctx)
}

// Flags and configuration spell nearly every field alike; by name none is forgotten, and a flag of a later Dapr comes along.
func copyNamesakes(config *runtime.Config, flags *options.Options) {
	to, from := reflect.ValueOf(config).Elem(), reflect.ValueOf(flags).Elem()
	for i := range to.NumField() {
		name := to.Type().Field(i).Name
		if value := from.FieldByName(name); value.IsValid() && value.Type() == to.Field(i).Type() {
			to.Field(i).Set(value)
		}
	}
}
