package console

import (
	"bufio"
	"bytes"
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
	server string   // "http://tocsin"
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
	return &Client{server: "http://tocsin", http: &http.Client{Transport: &http.Transport{DialContext: dial}}}, nil
}

// Get asks for one object.
func (c *Client) Get(ctx context.Context, path string, args url.Values, into any) error {
	resp, err := c.ask(ctx, http.MethodGet, path, args, nil)
	return decode(resp, err, into)
}

// Post asks for something to be done, with an object that says what (nil: nothing), and for what came of it.
func (c *Client) Post(ctx context.Context, path string, args url.Values, what, into any) error {
	return c.do(ctx, http.MethodPost, path, args, what, into)
}

// Delete asks for something to be taken away, and for what came of it.
func (c *Client) Delete(ctx context.Context, path string, into any) error {
	return c.do(ctx, http.MethodDelete, path, nil, nil, into)
}

func (c *Client) do(ctx context.Context, method, path string, args url.Values, what, into any) error {
	body, err := encode(what)
	if err != nil {
		return err
	}
	resp, err := c.ask(ctx, method, path, args, body)
	return decode(resp, err, into)
}

// Send sends what is read as it stands, and returns what came of it.
func (c *Client) Send(ctx context.Context, path string, args url.Values, body io.Reader, into any) error {
	resp, err := c.ask(ctx, http.MethodPost, path, args, &sent{body, "application/octet-stream"})
	return decode(resp, err, into)
}

// sent is the body of a request.
type sent struct {
	io.Reader
	mediaType string
}

// encode makes a body of an object; none of nil.
func encode(what any) (*sent, error) {
	if what == nil {
		return nil, nil // nothing is sent
	}
	text, err := json.Marshal(what)
	return &sent{bytes.NewReader(text), "application/json"}, err
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

func (c *Client) ask(ctx context.Context, method, path string, args url.Values, body *sent) (*http.Response, error) {
	args = maps.Clone(args)
	if c.Tenant != "" {
		if args == nil {
			args = url.Values{}
		}
		args.Set("tenant", c.Tenant)
	}
	var in io.Reader = http.NoBody
	if body != nil {
		in = body.Reader
	}
	if len(args) > 0 {
		path += "?" + args.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, c.server+Root+"/"+path, in)
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", body.mediaType)
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

// maxPage is how many a page of a list has at most.
const maxPage = 1000

// ListAsk says which list is asked for.
type ListAsk struct {
	Path string
	Args url.Values
	Most int // at most so many; 0 is all
}

// List asks for a list, page by page, and calls yield with each item as it stands until that returns an error.
func (c *Client) List(ctx context.Context, ask ListAsk, yield func(item []byte) error) error {
	args := maps.Clone(ask.Args)
	if args == nil {
		args = url.Values{}
	}
	for left := ask.Most; ; {
		n := maxPage
		if ask.Most > 0 {
			n = min(left, maxPage)
		}
		args.Set("limit", strconv.Itoa(n))
		var page Page[json.RawMessage]
		if err := c.Get(ctx, ask.Path, args, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := yield(item); err != nil {
				return err
			}
		}
		if left -= len(page.Items); page.Next == "" || ask.Most > 0 && left <= 0 {
			return nil
		}
		args.Set("after", page.Next)
	}
}

// maxLine bounds a line of an answer, in bytes.
const maxLine = 64 << 20

// Lines asks for a stream of objects, and calls yield with each as it stands until that returns an error.
func (c *Client) Lines(ctx context.Context, path string, args url.Values, yield func(line []byte) error) error {
	resp, err := c.ask(ctx, http.MethodGet, path, args, nil)
	if err != nil {
		return err
	}
	return c.lines(ctx, resp, yield)
}

// PostLines asks for something to be done, as Post does, and calls yield as Lines does.
func (c *Client) PostLines(ctx context.Context, path string, args url.Values, what any, yield func(line []byte) error) error {
	body, err := encode(what)
	if err != nil {
		return err
	}
	resp, err := c.ask(ctx, http.MethodPost, path, args, body)
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
