package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"
)

// newCluster starts a cluster that speaks Kafka's protocol, with the topic logs.
func newCluster(t *testing.T, partitions int32, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append(opts, kfake.NumBrokers(1), kfake.SeedTopics(partitions, "logs"), kfake.GroupMinSessionTimeout(time.Second))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// kafkaVersion is what the cluster speaks.
var kafkaVersion = kgo.MaxVersions(kversion.V3_7_0())

func newKafka(t *testing.T, cfg KafkaConfig) Input {
	t.Helper()
	in, err := NewKafka(cfg, testEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	k := in.(*kafka)
	k.options = append(k.options, kafkaVersion)
	return k
}

// produce writes records to the topic logs.
func produce(ctx context.Context, c *kfake.Cluster, list []string, opts ...kgo.Opt) error {
	client, err := kgo.NewClient(append(opts, kafkaVersion, kgo.SeedBrokers(c.ListenAddrs()...), kgo.DefaultProduceTopic("logs"), kgo.MaxBufferedRecords(1000))...)
	if err != nil {
		return err
	}
	defer client.Close()
	var failed error
	for _, r := range list {
		client.Produce(ctx, kgo.StringRecord(r), func(_ *kgo.Record, err error) {
			if err != nil && ctx.Err() == nil {
				failed = err
			}
		})
	}
	return errors.Join(client.Flush(ctx), failed)
}

var kafkaConformer = conformer{
	name: "kafka", waits: true, resumes: true, heap: 64 << 20,
	open: func(t *testing.T) *road {
		c := newCluster(t, 1)
		return &road{
			make: func(t *testing.T) Input {
				return newKafka(t, KafkaConfig{Brokers: c.ListenAddrs(), Topics: []string{"logs"}})
			},
			feed: func(ctx context.Context, list []string) error {
				err := produce(ctx, c, list)
				if ctx.Err() != nil {
					return nil
				}
				return err
			},
		}
	},
	bad: map[string]func() (Input, error){
		"nothing": func() (Input, error) { return NewKafka(KafkaConfig{}, Env{}) },
		"no port": func() (Input, error) {
			return NewKafka(KafkaConfig{Brokers: []string{"a"}, Topics: []string{"t"}}, Env{})
		},
		"no topic": func() (Input, error) {
			return NewKafka(KafkaConfig{Brokers: []string{"a:1"}, Topics: []string{""}}, Env{})
		},
		"a key without TLS": func() (Input, error) { return NewKafka(kafkaWith(func(c *KafkaConfig) { c.Key = "x" }), Env{}) },
		"a user alone":      func() (Input, error) { return NewKafka(kafkaWith(func(c *KafkaConfig) { c.User = "x" }), Env{}) },
		"a password in plain": func() (Input, error) {
			return NewKafka(kafkaWith(func(c *KafkaConfig) { c.User, c.Password = "x", "hunter2" }), Env{})
		},
		"a plain password on the wire": func() (Input, error) {
			return NewKafka(kafkaWith(func(c *KafkaConfig) { c.User, c.Password, c.SASL = "x", "env:PATH", "plain" }), Env{})
		},
		"an unknown mechanism": func() (Input, error) {
			return NewKafka(kafkaWith(func(c *KafkaConfig) { c.User, c.Password, c.SASL = "x", "env:PATH", "kerberos" }), Env{})
		},
	},
}

func kafkaWith(change func(*KafkaConfig)) KafkaConfig {
	c := KafkaConfig{Brokers: []string{"kafka.example.org:9092"}, Topics: []string{"t"}}
	change(&c)
	return c
}

// TestKafkaPositionCounts: our own position counts where the group's is older, and the group's where it is newer.
func TestKafkaPositionCounts(t *testing.T) {
	c := newCluster(t, 1)
	if err := produce(t.Context(), c, records(1, 10, 10)); err != nil {
		t.Fatal(err)
	}
	in := newKafka(t, KafkaConfig{Brokers: c.ListenAddrs(), Topics: []string{"logs"}})
	to := newIntake(t)
	to.positions["kafka:logs/0"] = "4"
	run := start(t, in, to)
	got := func() (n int) {
		for _, d := range to.durable {
			n += len(numbersOf(d.Block))
		}
		return n
	}
	to.until(t, "six records", func() bool { return got() == 6 })
	to.set(func() {
		d := to.durable[0]
		if n := numbersOf(d.Block); n[0] != 5 || d.Block.First != 5 || d.Block.Origin.Path != "kafka:logs/0" || d.Block.Origin.Format == "" || d.Behind && len(to.durable) == 1 {
			t.Errorf("%v, %+v", n, d)
		}
	})
	run.stop(t)
	// Another member of the group, which has no position of its own, goes on where the group is.
	other := newIntake(t)
	run = start(t, in, other)
	if err := produce(t.Context(), c, records(11, 12, 10)); err != nil {
		t.Fatal(err)
	}
	r := &road{}
	other.await(t, r, 11, 12)
	run.stop(t)
}

func TestKafkaPartitions(t *testing.T) {
	c := newCluster(t, 4)
	in := newKafka(t, KafkaConfig{Brokers: c.ListenAddrs(), Topics: []string{"logs"}, Format: "json"})
	to := newIntake(t)
	run := start(t, in, to)
	var list []string
	for n := 1; n <= 1000; n++ {
		list = append(list, fmt.Sprintf(`{"n":%q}`, mark(n)), "") // and a tombstone
	}
	if err := produce(t.Context(), c, list, kgo.RecordPartitioner(kgo.RoundRobinPartitioner())); err != nil {
		t.Fatal(err)
	}
	to.until(t, "all records", func() bool {
		seen := map[int]bool{}
		for _, d := range to.durable {
			for _, n := range numbersOf(d.Block) {
				if seen[n] {
					t.Errorf("twice: %d", n)
				}
				seen[n] = true
			}
		}
		return len(seen) == 1000
	})
	run.stop(t)
	if len(to.positions) != 2 { // the tombstones went to the others
		t.Errorf("positions %v", to.positions)
	}
	for _, d := range to.durable {
		if d.Block.Origin.Format != "json" || strings.Contains(d.Block.Data, "\n\n") {
			t.Errorf("%+v", d.Block)
		}
	}
}

func TestKafkaSASL(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"scram-sha-512", "scram-sha-256", "plain"} {
		t.Run(how, func(t *testing.T) {
			name := strings.ToUpper(how)
			c := newCluster(t, 1, kfake.EnableSASL(), kfake.Superuser(name, "tocsin", "hunter2"))
			cfg := KafkaConfig{Brokers: c.ListenAddrs(), Topics: []string{"logs"}, User: "tocsin", Password: "file:" + secret, SASL: how}
			in := newKafka(t, cfg)
			to := newIntake(t)
			run := start(t, in, to)
			if err := produce(t.Context(), c, records(1, 3, 10), in.(*kafka).options[len(in.(*kafka).options)-2]); err != nil {
				t.Fatal(err)
			}
			to.await(t, &road{}, 1, 3)
			run.stop(t)
		})
	}
}

func TestKafkaUnknown(t *testing.T) {
	c := newCluster(t, 1)
	in := newKafka(t, KafkaConfig{Brokers: c.ListenAddrs(), Topics: []string{"logs"}})
	to := newIntake(t)
	run := start(t, in, to)
	if err := produce(t.Context(), c, []string{"\x00\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08" + string(make([]byte, 100)) + "\x01\x02"}); err != nil {
		t.Fatal(err)
	}
	if n := to.notice(t, NoticeUnreadable); n.Stream != "kafka:logs/0" {
		t.Errorf("%+v", n)
	}
	run.stop(t)
}
