package source

import "sync"

// Bounds of what is remembered for clients that ask later whether their records are durable.
const (
	maxAckChannels = 1000
	maxAcks        = 10_000 // of one channel
)

// ackChannels are the channels of all clients. The zero value is ready. It is safe for concurrent use.
type ackChannels struct {
	mu   sync.Mutex
	all  map[string]*ackChannel
	tick uint64
}

// ackChannel is what one client may ask for. A number is answered with true once, and then forgotten.
type ackChannel struct {
	mu   sync.Mutex
	next uint64
	kept map[uint64]bool // whether it is durable by now
	used uint64          // the tick of its last use; of ackChannels.mu
}

// channel returns the channel of that name, and forgets the longest unused one where there are too many.
func (c *ackChannels) channel(name string) *ackChannel {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tick++
	ch := c.all[name]
	if ch == nil {
		if len(c.all) >= maxAckChannels {
			c.forgetOne()
		}
		ch = &ackChannel{kept: make(map[uint64]bool)}
		if c.all == nil {
			c.all = make(map[string]*ackChannel)
		}
		c.all[name] = ch
	}
	ch.used = c.tick
	return ch
}

func (c *ackChannels) forgetOne() {
	oldest := ""
	for name, ch := range c.all {
		if oldest == "" || ch.used < c.all[oldest].used {
			oldest = name
		}
	}
	delete(c.all, oldest)
}

// begin returns the number of a new request.
func (c *ackChannel) begin() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := c.next
	c.next++
	c.kept[id] = false
	if id >= maxAcks {
		delete(c.kept, id-maxAcks) // nobody asked for it: its client does not ask
	}
	return id
}

// end notes how a request fared. One that failed is never durable: its client will send it again.
func (c *ackChannel) end(id uint64, durable bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.kept[id]; known && durable {
		c.kept[id] = true
	} else {
		delete(c.kept, id)
	}
}

// durable tells whether a request is durable.
func (c *ackChannel) durable(id uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	done := c.kept[id]
	if done {
		delete(c.kept, id)
	}
	return done
}
