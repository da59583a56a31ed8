package load

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// client sends bodies of lines, and waits where it is told to.
type client struct {
	to     string
	waited int // times it was told to come back
}

// post sends a body until it is taken.
func (c *client) post(ctx context.Context, body []byte) error {
	for range 600 {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.to, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-ndjson")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<22))
		_ = resp.Body.Close()
		switch {
		case err != nil:
			return err
		case resp.StatusCode == http.StatusTooManyRequests:
			c.waited++
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		case resp.StatusCode/100 != 2 || bytes.Contains(text, []byte(`"errors":true`)):
			return fmt.Errorf("%s answers %s: %.300s", c.to, resp.Status, text)
		default:
			return nil
		}
	}
	return fmt.Errorf("%s takes nothing any more", c.to)
}
