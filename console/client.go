package console

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Client asks a running process.
type Client struct {
	http   *http.Client
	Tenant string   // that is asked about; "" is the first
	Notes  []string // which limits the last answer of many lines has met
}

// ErrNotRunning says that nobody answers at a socket.
var ErrNotRunning = errors.New("tocsin serve is not running")

// Dial returns a client of the process that answers at a socket. Its error is ErrNotRunning where none does.
func Dial(ctx context.Context, socket string) (*Client, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	c, err := dial(ctx, "", "")
	if errors.Is(err, errRefused) || errors.Is(err, errNoFile) {
		return nil, ErrNotRunning
	}
	if err != nil {
		return nil, fmt.Errorf("connect to tocsin serve: %w", err)
	}
	_ = c.Close()
	return &Client{http: &http.Client{Transport: &http.Transport{DialContext: dial}}}, nil
}

// Get asks for one object.
func (c *Client) Get(ctx context.Context, path string, args url.Values, into any) error {
	return c.object(ctx, http.MethodGet, path, args, into)
}

// Post asks for something to be done, and for what came of it.
func (c *Client) Post(ctx context.Context, path string, args url.Values, into any) error {
	return c.object(ctx, http.MethodPost, path, args, into)
}

// Send asks for something to be done with what is read, and for what came of it.
func (c *Client) Send(ctx context.Context, path string, args url.Values, body io.Reader, into any) error {
	resp, err := c.askWith(ctx, http.MethodPost, path, args, body)
	return decode(resp, err, into)
}

func (c *Client) object(ctx context.Context, method, path string, args url.Values, into any) error {
	resp, err := c.ask(ctx, method, path, args)
	return decode(resp, err, into)
}

// decode reads the one object of an answer.
func decode(resp *http.Response, err error, into any) error {
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, 256<<20)).Decode(into); err != nil {
		return fmt.Errorf("read the answer of tocsin serve: %w", err)
	}
	return nil
}

func (c *Client) ask(ctx context.Context, method, path string, args url.Values) (*http.Response, error) {
	return c.askWith(ctx, method, path, args, http.NoBody)
}

func (c *Client) askWith(ctx context.Context, method, path string, args url.Values, body io.Reader) (*http.Response, error) {
	if args == nil {
		args = url.Values{}
	}
	if c.Tenant != "" {
		args.Set("tenant", c.Tenant)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://tocsin"+base(path)+path+"?"+args.Encode(), body)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask tocsin serve: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	p := &Problem{}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(p); err != nil || p.Title == "" {
		return nil, fmt.Errorf("tocsin serve answers %s", resp.Status)
	}
	return nil, p
}

// base is where an operation is.
func base(path string) string {
	if strings.HasPrefix(path, "hits") {
		return Root + "/"
	}
	return "/v1/"
}

// maxPage is how many a page of a list has at most.
const maxPage = 1000

// List asks for a list, page by page, and calls yield with each as it stands until that returns an error, or there were limit
// of them; 0 is all.
func (c *Client) List(ctx context.Context, path string, args url.Values, limit int, yield func(line []byte) error) error {
	args = maps.Clone(args)
	if args == nil {
		args = url.Values{}
	}
	for left := limit; ; {
		n := maxPage
		if limit > 0 {
			n = min(left, maxPage)
		}
		args.Set("limit", strconv.Itoa(n))
		var page Page[json.RawMessage]
		if err := c.Get(ctx, path, args, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := yield(item); err != nil {
				return err
			}
		}
		if left -= len(page.Items); page.Next == "" || limit > 0 && left <= 0 {
			return nil
		}
		args.Set("after", page.Next)
	}
}

// maxLine bounds a line of an answer, in bytes.
const maxLine = 64 << 20

// Lines asks for many objects, and calls yield with each as it stands until that returns an error.
func (c *Client) Lines(ctx context.Context, path string, args url.Values, yield func(line []byte) error) error {
	resp, err := c.ask(ctx, http.MethodGet, path, args)
	if err != nil {
		return err
	}
	return c.lines(ctx, resp, yield)
}

// SendLines asks for something to be done with what is read, and calls yield as Lines does.
func (c *Client) SendLines(ctx context.Context, path string, args url.Values, body io.Reader, yield func(line []byte) error) error {
	resp, err := c.askWith(ctx, http.MethodPost, path, args, body)
	if err != nil {
		return err
	}
	return c.lines(ctx, resp, yield)
}

func (c *Client) lines(ctx context.Context, resp *http.Response, yield func(line []byte) error) error {
	defer resp.Body.Close()
	in := bufio.NewScanner(resp.Body)
	in.Buffer(make([]byte, 64<<10), maxLine)
	for in.Scan() {
		if strings.HasPrefix(in.Text(), `{"problem":`) {
			var end struct {
				Problem *Problem `json:"problem"`
			}
			if err := json.Unmarshal(in.Bytes(), &end); err == nil && end.Problem != nil {
				return end.Problem
			}
		}
		if strings.HasPrefix(in.Text(), `{"notes":[`) {
			var end struct {
				Notes []string `json:"notes"`
			}
			if err := json.Unmarshal(in.Bytes(), &end); err == nil {
				c.Notes = end.Notes
				continue
			}
		}
		if err := yield(in.Bytes()); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return in.Err()
}
