package source

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tocsin-sec/tocsin/event"
)

// kafkaRun is one run of the input: one membership in the group.
type kafkaRun struct {
	*kafka
	to     Intake
	client *kgo.Client
	fail   context.CancelCauseFunc // ends the run
	tally  *tally

	mu    sync.Mutex
	parts map[kafkaPart]*kafkaState
	idle  chan struct{} // closed when anything becomes durable; nil where nobody waits

	leaving atomic.Bool // all is settled that will be
}

// kafkaPart is a partition of a topic.
type kafkaPart struct {
	topic string
	n     int32
}

// stream is the Delivery.Stream of a partition.
func (p kafkaPart) stream() string { return "kafka:" + p.topic + "/" + strconv.Itoa(int(p.n)) }

// kafkaState is how far a partition is.
type kafkaState struct {
	next      int64 // offset of the next record to be sent; -1 where it is not known
	durable   int64 // offset behind what is durable; -1 for none
	epoch     int32 // of the last durable record
	committed int64 // what the group knows
	sent      int   // deliveries that are not answered
	origin    *event.Origin
}

// Times of the group.
const (
	kafkaCommitEvery = time.Second
	kafkaGrace       = 300 * time.Millisecond // to tell the group at the end
	kafkaSettle      = 5 * time.Second        // for what is on its way when a partition goes to another member
)

// seek moves the offsets that the group knows up to what is durable here, which may be more: the group is told later.
// Where neither knows any it begins with what was written since cfg.From ago.
func (r *kafkaRun) seek(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	fresh := make(map[string][]int32)
	states := make(map[kafkaPart]*kafkaState)
	for topic, list := range offsets {
		for n, offset := range list {
			part := kafkaPart{topic, n}
			s := &kafkaState{next: -1, durable: -1, committed: -1}
			if at := offset.EpochOffset().Offset; at >= 0 {
				s.next, s.committed = at, at
			}
			text := r.to.Position(part.stream())
			if at, err := strconv.ParseInt(text, 10, 64); err == nil && at > s.next {
				s.next = at
				list[n] = kgo.NewOffset().At(at)
			} else if text != "" && err != nil {
				r.tally.add(NoticeUnreadable, "", fmt.Sprintf("the position %q of %s is none", text, part.stream()), 1)
			}
			if s.next < 0 {
				fresh[topic] = append(fresh[topic], n)
			}
			states[part] = s
		}
	}
	if len(fresh) > 0 {
		if err := r.begin(ctx, fresh, offsets); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.Copy(r.parts, states)
	return offsets, nil
}

// begin sets the offsets of partitions of which nothing was read yet: of the first record since cfg.From ago, or of the
// end. The end is asked for first, so that no record falls between the two.
func (r *kafkaRun) begin(ctx context.Context, fresh map[string][]int32, offsets map[string]map[int32]kgo.Offset) error {
	for _, timestamp := range [...]int64{-1, r.now().Add(-r.cfg.From).UnixMilli()} { // -1 is the end
		ask := kmsg.NewPtrListOffsetsRequest()
		ask.ReplicaID, ask.IsolationLevel = -1, 1
		for topic, list := range fresh {
			t := kmsg.NewListOffsetsRequestTopic()
			t.Topic = topic
			for _, n := range list {
				p := kmsg.NewListOffsetsRequestTopicPartition()
				p.Partition, p.Timestamp = n, timestamp
				t.Partitions = append(t.Partitions, p)
			}
			ask.Topics = append(ask.Topics, t)
		}
		answer, err := ask.RequestWith(ctx, r.client)
		if err != nil {
			return fmt.Errorf("ask where to begin: %w", err)
		}
		for _, t := range answer.Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return fmt.Errorf("ask where to begin %s: %w", kafkaPart{t.Topic, p.Partition}.stream(), err)
				}
				if p.Offset >= 0 {
					offsets[t.Topic][p.Partition] = kgo.NewOffset().At(p.Offset)
				}
			}
		}
	}
	return nil
}

// revoked lets go of partitions: what is on its way becomes durable first, and the group is told.
func (r *kafkaRun) revoked(ctx context.Context, _ *kgo.Client, lost map[string][]int32) {
	if r.leaving.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, kafkaSettle)
	defer cancel()
	r.settle(ctx, func(p kafkaPart) bool {
		for _, n := range lost[p.topic] {
			if n == p.n {
				return true
			}
		}
		return false
	})
	r.commit(ctx)
	r.forget(lost)
}

func (r *kafkaRun) forget(lost map[string][]int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for topic, list := range lost {
		for _, n := range list {
			delete(r.parts, kafkaPart{topic, n})
		}
	}
}

// settle waits until all deliveries of some partitions are answered, or ctx is done.
func (r *kafkaRun) settle(ctx context.Context, concerns func(kafkaPart) bool) {
	for {
		r.mu.Lock()
		waits := false
		for p, s := range r.parts {
			waits = waits || s.sent > 0 && concerns(p)
		}
		if r.idle == nil {
			r.idle = make(chan struct{})
		}
		idle := r.idle
		r.mu.Unlock()
		if !waits {
			return
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return
		}
	}
}

// poll brings in records until ctx is done or something breaks.
func (r *kafkaRun) poll(ctx context.Context) error {
	for ctx.Err() == nil {
		fetches := r.client.PollFetches(ctx)
		if err := r.failed(ctx, fetches); err != nil {
			return err
		}
		var err error
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			if err == nil && ctx.Err() == nil && len(p.Records) > 0 {
				err = r.bring(ctx, p)
			}
		})
		r.client.AllowRebalance()
		r.tally.flush(false)
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// failed looks at the errors of a fetch: nil where the client goes on by itself.
func (r *kafkaRun) failed(ctx context.Context, fetches kgo.Fetches) error {
	var broken error
	fetches.EachError(func(topic string, n int32, err error) {
		var lost *kgo.ErrDataLoss
		switch {
		case ctx.Err() != nil || broken != nil:
		case errors.As(err, &lost):
			r.gap(kafkaPart{topic, n}, lost.ConsumedTo-lost.ResetTo, "the cluster lost records")
		case topic != "":
			broken = fmt.Errorf("read %s: %w", kafkaPart{topic, n}.stream(), err)
		default:
			broken = fmt.Errorf("kafka: %w", err)
		}
	})
	return broken
}

func (r *kafkaRun) gap(p kafkaPart, count int64, reason string) {
	r.to.Notice(Notice{Action: NoticeGap, Input: r.name, Stream: p.stream(), Count: max(count, 0), Reason: reason})
}

// kafkaBlock is the size of the blocks that the records of a partition are joined to, in bytes.
const kafkaBlock = 512 << 10

// bring sends the records of one partition.
func (r *kafkaRun) bring(ctx context.Context, p kgo.FetchTopicPartition) error {
	part := kafkaPart{p.Topic, p.Partition}
	r.mu.Lock()
	s := r.parts[part]
	if s == nil {
		s = &kafkaState{next: -1, durable: -1, committed: -1}
		r.parts[part] = s
	}
	next := s.next
	r.mu.Unlock()
	if next >= 0 && p.LogStartOffset > next {
		r.gap(part, p.LogStartOffset-next, "the cluster had dropped records before they were read")
	}
	records := p.Records
	for len(records) > 0 && records[0].Offset < next {
		records = records[1:] // they are durable already
	}
	for len(records) > 0 {
		data := []byte(nil)
		n := 0
		for ; n < len(records) && (n == 0 || len(data)+len(records[n].Value) < kafkaBlock); n++ {
			data = r.join(data, records[n], part)
		}
		last := records[n-1]
		behind := n < len(records) || last.Offset+1 < p.HighWatermark
		if err := r.send(ctx, kafkaBatch{part: part, state: s, first: records[0].Offset, last: last, data: data, behind: behind}); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// join appends the value of a record as lines.
func (r *kafkaRun) join(data []byte, record *kgo.Record, part kafkaPart) []byte {
	if len(record.Value) > event.MaxRecord {
		r.tally.add(NoticeRefused, "", "records of "+part.stream()+" that are larger than 16 MiB", 1)
		return data
	}
	if data = append(data, record.Value...); len(data) > 0 && data[len(data)-1] != '\n' {
		data = append(data, '\n')
	}
	return data
}

// kafkaBatch is records of one partition that are sent at once.
type kafkaBatch struct {
	part   kafkaPart
	state  *kafkaState
	first  int64
	last   *kgo.Record
	data   []byte
	behind bool
}

func (r *kafkaRun) send(ctx context.Context, b kafkaBatch) error {
	s := b.state
	next, epoch := b.last.Offset+1, b.last.LeaderEpoch
	if len(strings.TrimSpace(immutable(b.data))) == 0 {
		return nil // tombstones; the records after them move the position on
	}
	if s.origin == nil {
		s.origin = r.origin(b.part, b.data)
	}
	r.mu.Lock()
	s.sent++
	s.next = next
	r.mu.Unlock()
	err := r.to.Send(ctx, Delivery{
		Block:    event.Block{Origin: s.origin, Data: immutable(b.data), First: b.first + 1},
		Stream:   b.part.stream(),
		Position: strconv.FormatInt(next, 10),
		Behind:   b.behind,
		Done:     func(err error) { r.done(s, next, epoch, err) },
	})
	if err != nil {
		r.mu.Lock()
		s.sent--
		r.mu.Unlock()
		return fmt.Errorf("hand on %s: %w", b.part.stream(), err)
	}
	return nil
}

// done notes that records are durable, or ends the run where they are not: the next begins at the first of them.
func (r *kafkaRun) done(s *kafkaState, next int64, epoch int32, err error) {
	r.mu.Lock()
	s.sent--
	if err == nil {
		s.durable, s.epoch = next, epoch
	}
	if r.idle != nil {
		close(r.idle)
		r.idle = nil
	}
	r.mu.Unlock()
	if err != nil {
		r.fail(fmt.Errorf("make records durable: %w", err))
	}
}

// origin settles the format of a partition by its first records.
func (r *kafkaRun) origin(p kafkaPart, data []byte) *event.Origin {
	o := &event.Origin{Path: p.stream(), Format: r.cfg.Format, Reference: r.now(), Zone: r.env.Zone, Sender: r.cfg.Brokers[0]}
	if o.Format == "" {
		format, split := r.env.Recognise(immutable(data[:min(len(data), headSize)]))
		if split == nil {
			r.to.Notice(Notice{Action: NoticeUnreadable, Input: r.name, Stream: p.stream(), Reason: "not a log that tocsin knows: " + looksLike(string(data[:min(len(data), headSize)]))})
			format = "text"
		}
		o.Format = format
	}
	return o
}

// commits tells the group what is durable, from time to time.
func (r *kafkaRun) commits(stop <-chan struct{}) {
	tick := time.NewTicker(kafkaCommitEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			ctx, cancel := context.WithTimeout(context.Background(), kafkaSettle)
			go func() {
				select {
				case <-stop:
					cancel()
				case <-ctx.Done():
				}
			}()
			r.commit(ctx)
			cancel()
		}
	}
}

// commit tells the group what is durable. What it could not be told it is told the next time: our own position counts.
func (r *kafkaRun) commit(ctx context.Context) {
	offsets := make(map[string]map[int32]kgo.EpochOffset)
	r.mu.Lock()
	for p, s := range r.parts {
		if s.durable > s.committed {
			if offsets[p.topic] == nil {
				offsets[p.topic] = make(map[int32]kgo.EpochOffset)
			}
			offsets[p.topic][p.n] = kgo.EpochOffset{Epoch: s.epoch, Offset: s.durable}
		}
	}
	r.mu.Unlock()
	if len(offsets) == 0 {
		return
	}
	var failed error
	r.client.CommitOffsetsSync(ctx, offsets, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error) {
		if failed = err; err != nil || answer == nil {
			return
		}
		for _, topic := range answer.Topics {
			for _, p := range topic.Partitions {
				failed = errors.Join(failed, kerr.ErrorForCode(p.ErrorCode))
			}
		}
	})
	if err := failed; err != nil {
		r.env.Log.Debug("the group was not told", "input", r.name, "reason", err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for topic, list := range offsets {
		for n, at := range list {
			if s := r.parts[kafkaPart{topic, n}]; s != nil {
				s.committed = max(s.committed, at.Offset)
			}
		}
	}
}

// leave tells the group the last of what is durable and leaves it, if that does not take long.
func (r *kafkaRun) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), kafkaGrace)
	defer cancel()
	r.settle(ctx, func(kafkaPart) bool { return true })
	r.commit(ctx)
	r.leaving.Store(true)
	last, cancelLast := context.WithTimeout(context.Background(), kafkaGrace)
	defer cancelLast()
	r.client.AllowRebalance()
	_ = r.client.LeaveGroupContext(last) // the group notices by itself, later
	r.client.CloseAllowingRebalance()
}
