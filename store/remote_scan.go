package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
)

const (
	blockRows  = 1024    // rows of a block that is made of an answer
	blockBytes = 4 << 20 // bytes of one
	maxAnswer  = 16 << 20
)

// noMessage stands for a missing _msg, for which the server would put a text of its own. It holds no word.
const noMessage = " "

// rowsBlock gathers rows into a block. Its memory is used again for the next one.
type rowsBlock struct {
	block Block
	at    map[string]int // column by name
	free  [][]string
	bytes int
}

// add adds a value to the row begun last.
func (b *rowsBlock) add(name, value string) {
	i, ok := b.at[name]
	if !ok {
		i = len(b.block.Names)
		name = strings.Clone(name)
		b.at[name] = i
		b.block.Names = append(b.block.Names, name)
		var column []string
		if n := len(b.free); n > 0 {
			column, b.free = b.free[n-1], b.free[:n-1]
		}
		b.block.Columns = append(b.block.Columns, column[:0])
	}
	c := b.block.Columns[i]
	for len(c) < b.block.Rows-1 {
		c = append(c, "")
	}
	if len(c) == b.block.Rows { // the same name again: the first one stays
		return
	}
	b.block.Columns[i] = append(c, strings.Clone(value))
	b.bytes += len(value) + 16
}

// flush hands out the block, if there is one, and begins the next.
func (b *rowsBlock) flush(yield func(worker int, b *Block)) {
	if b.block.Rows == 0 {
		return
	}
	for i, c := range b.block.Columns {
		for len(c) < b.block.Rows {
			c = append(c, "")
		}
		b.block.Columns[i] = c
	}
	yield(0, &b.block)
	b.free = append(b.free, b.block.Columns...)
	b.block = Block{Names: b.block.Names[:0], Columns: b.block.Columns[:0]}
	b.bytes = 0
	clear(b.at)
}

func (r *Remote) workers() int { return 1 }

// scan runs a query; see engine. The server's answer is one JSON object a line.
func (r *Remote) scan(ctx context.Context, logsql string, yield func(worker int, b *Block)) error {
	form := url.Values{"query": {logsql}}.Encode()
	resp, err := r.post(ctx, "/select/logsql/query", "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		return fmt.Errorf("query event store server: %w", whyEnded(ctx, err))
	}
	defer func() { _ = resp.Body.Close() }()
	if err := readBlocks(ctx, resp.Body, yield); err != nil {
		return fmt.Errorf("query event store server: %w", whyEnded(ctx, err))
	}
	return nil
}

func whyEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// readBlocks reads rows as JSON lines. A line that is none is the server's word on why it stopped.
func readBlocks(ctx context.Context, from io.Reader, yield func(worker int, b *Block)) error {
	lines := bufio.NewReaderSize(from, 64<<10)
	b := rowsBlock{at: make(map[string]int)}
	var long, buf []byte
	for {
		line, err := lines.ReadSlice('\n')
		long = long[:0]
		for errors.Is(err, bufio.ErrBufferFull) {
			if long = append(long, line...); len(long) > maxAnswer {
				return fmt.Errorf("a row has more than %d bytes", maxAnswer)
			}
			line, err = lines.ReadSlice('\n')
		}
		if len(long) > 0 {
			long = append(long, line...)
			line = long
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			b.block.Rows++
			var bad error
			if buf, bad = readObject(line, buf, b.put); bad != nil {
				return fmt.Errorf("%w: %q", bad, clip(string(line[:min(len(line), 300)]), 300))
			}
			if b.block.Rows >= blockRows || b.bytes >= blockBytes {
				b.flush(yield)
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, io.EOF) {
			b.flush(yield)
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// put adds a value as the server gives it.
func (b *rowsBlock) put(name, value string) {
	if name == Message && value == noMessage {
		return
	}
	b.add(name, unmarkedValue(value))
}
