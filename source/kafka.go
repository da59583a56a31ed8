package source

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	saslplain "github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/trust"
)

// KafkaConfig is topics of a Kafka cluster.
type KafkaConfig struct {
	Brokers  []string      `yaml:"brokers" doc:"Some of the cluster's brokers, host:port; the others are found by them."`
	Topics   []string      `yaml:"topics" doc:"What to read."`
	Group    string        `yaml:"group" doc:"The consumer group. Members of one group share the topics among them." default:"tocsin"`
	From     time.Duration `yaml:"from" doc:"How far back to begin where nothing was read before." default:"24h"`
	Format   string        `yaml:"format" doc:"The format of the records; by default it is recognised by the first of each partition."`
	TLS      bool          `yaml:"tls" doc:"Speak TLS with the brokers."`
	CA       string        `yaml:"ca" path:"true" doc:"File of the authorities that certify the brokers, PEM; by default those of the system."`
	Cert     string        `yaml:"cert" path:"true" doc:"File of our own certificate for the brokers, PEM."`
	Key      string        `yaml:"key" path:"true" doc:"File of its private key, PEM."`
	User     string        `yaml:"user" doc:"Name for SASL."`
	Password string        `yaml:"password" doc:"Password for SASL: env:NAME or file:/path." secret:"true"`
	SASL     string        `yaml:"sasl" doc:"How the password is proved: scram-sha-512, scram-sha-256, or plain (with TLS only)." default:"scram-sha-512"`
}

// KafkaKind documents the input kafka.
var KafkaKind = Kind{
	Name: "kafka",
	Doc: "Topics of a Kafka cluster, or of what speaks its protocol (Redpanda, Event Hubs). Each record is read once, also " +
		"through a crash: its offset is kept with the events, and the group's offsets follow.",
	Example: "- brokers: [kafka1:9093, kafka2:9093]\n  topics: [logs, audit]\n  tls: true\n  user: tocsin\n  password: env:TOCSIN_KAFKA_PASSWORD\n",
	Config:  &KafkaConfig{},
}

// kafka is the input.
type kafka struct {
	cfg     KafkaConfig
	env     Env
	options []kgo.Opt
	name    string
}

// NewKafka returns the input. It does not connect.
func NewKafka(cfg KafkaConfig, env Env) (Input, error) {
	k := &kafka{cfg: cfg, env: env}
	if k.env.Log == nil {
		k.env.Log = slog.New(slog.DiscardHandler)
	}
	k.cfg.Group = cmp.Or(cfg.Group, "tocsin")
	k.cfg.From = cmp.Or(cfg.From, 24*time.Hour)
	if len(cfg.Brokers) == 0 || len(cfg.Topics) == 0 {
		return nil, errors.New("kafka: it takes brokers and topics")
	}
	for _, b := range cfg.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return nil, fmt.Errorf("kafka: brokers: %q is not host:port", b)
		}
	}
	for _, topic := range cfg.Topics {
		if topic == "" || len(topic) > 249 || strings.ContainsAny(topic, "/ \t\n") {
			return nil, fmt.Errorf("kafka: topics: %q is no name of a topic", topic)
		}
	}
	if cfg.From < 0 {
		return nil, fmt.Errorf("kafka: from: %s is less than nothing", cfg.From)
	}
	if cfg.Format != "" && env.Splitter != nil && env.Splitter(cfg.Format) == nil {
		return nil, fmt.Errorf("kafka: format: %q is not known", cfg.Format)
	}
	k.name = "kafka " + strings.Join(cfg.Brokers, ",") + " " + strings.Join(cfg.Topics, ",")
	k.options = []kgo.Opt{
		kgo.SeedBrokers(cfg.Brokers...),
		kgo.ClientID("tocsin"),
		kgo.ConsumerGroup(k.cfg.Group),
		kgo.ConsumeTopics(cfg.Topics...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxBytes(4 << 20),
		kgo.FetchMaxPartitionBytes(1 << 20),
		kgo.MaxConcurrentFetches(1),
		kgo.BrokerMaxReadBytes(64 << 20),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.DisableClientMetrics(),
	}
	if err := k.secure(); err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	return k, nil
}

// secure adds the options for TLS and SASL.
func (k *kafka) secure() error {
	cfg := &k.cfg
	if !cfg.TLS && (cfg.CA != "" || cfg.Cert != "" || cfg.Key != "") {
		return errors.New("ca, cert and key need tls: true")
	}
	if cfg.TLS {
		t := &tls.Config{MinVersion: tls.VersionTLS12}
		if cfg.CA != "" {
			pool, err := trust.Alone(cfg.CA)
			if err != nil {
				return fmt.Errorf("ca: %w", err)
			}
			t.RootCAs = pool
		}
		if (cfg.Cert == "") != (cfg.Key == "") {
			return errors.New("cert and key belong together")
		}
		if cfg.Cert != "" {
			pair, err := tls.LoadX509KeyPair(cfg.Cert, cfg.Key)
			if err != nil {
				return fmt.Errorf("read %s and %s: %w", cfg.Cert, cfg.Key, err)
			}
			t.Certificates = []tls.Certificate{pair}
		}
		k.options = append(k.options, kgo.DialTLSConfig(t))
	}
	if (cfg.User == "") != (cfg.Password == "") {
		return errors.New("user and password belong together")
	}
	if cfg.User == "" {
		return nil
	}
	password, err := config.Secret(cfg.Password)
	if err != nil {
		return fmt.Errorf("password: %w", err)
	}
	var how sasl.Mechanism
	switch strings.ToLower(cmp.Or(cfg.SASL, "scram-sha-512")) {
	case "scram-sha-512":
		how = scram.Auth{User: cfg.User, Pass: password}.AsSha512Mechanism()
	case "scram-sha-256":
		how = scram.Auth{User: cfg.User, Pass: password}.AsSha256Mechanism()
	case "plain":
		for _, b := range cfg.Brokers {
			if !cfg.TLS && !onLoopback(b) {
				return errors.New("sasl: plain tells everybody on the way the password: set tls, or use scram-sha-512")
			}
		}
		how = saslplain.Auth{User: cfg.User, Pass: password}.AsMechanism()
	default:
		return fmt.Errorf("sasl: %q is none of scram-sha-512, scram-sha-256 and plain", cfg.SASL)
	}
	k.options = append(k.options, kgo.SASL(how))
	return nil
}

// Name implements Input.
func (k *kafka) Name() string { return k.name }

// Run implements Input.
func (k *kafka) Run(ctx context.Context, to Intake) error {
	running, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	r := &kafkaRun{
		kafka: k, to: to, fail: fail, tally: newTally(k.name, to), parts: make(map[kafkaPart]*kafkaState),
	}
	client, err := kgo.NewClient(append(k.options[:len(k.options):len(k.options)],
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), // seek knows better
		kgo.AdjustFetchOffsetsFn(r.seek),
		kgo.OnPartitionsRevoked(r.revoked),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, lost map[string][]int32) { r.forget(lost) }),
	)...)
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	r.client = client
	stop, committed := make(chan struct{}), make(chan struct{})
	go func() { defer close(committed); r.commits(stop) }()
	err = r.poll(running)
	if err == nil && ctx.Err() == nil {
		err = context.Cause(running)
	}
	close(stop)
	<-committed
	r.leave()
	r.tally.flush(true)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (k *kafka) now() time.Time {
	if k.env.Now != nil {
		return k.env.Now()
	}
	return time.Now()
}
