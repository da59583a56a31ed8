package parse

import "testing"

// TestRequestOutcome has requests that failed and one that did not, in each of the formats of web servers.
func TestRequestOutcome(t *testing.T) {
	const fields = "#Software: Microsoft Internet Information Services 10.0\n#Fields: date time cs-method cs-uri-stem c-ip sc-status\n"
	for in, want := range map[string]string{
		`203.0.113.7 - - [03/Mar/2024:09:12:44 +0000] "GET /a HTTP/1.1" 200 5`:                                                                                             "success",
		`203.0.113.7 - - [03/Mar/2024:09:12:44 +0000] "GET /a HTTP/1.1" 304 5`:                                                                                             "success",
		`203.0.113.7 - - [03/Mar/2024:09:12:44 +0000] "GET /a HTTP/1.1" 401 5`:                                                                                             "failure",
		`203.0.113.7 - - [03/Mar/2024:09:12:44 +0000] "-" 408 -`:                                                                                                           "failure",
		`Mar  3 09:12:44 gate haproxy[5]: 203.0.113.7:555 [03/Mar/2024:09:12:45.120] fe back/srv1 1/0/1/2/4 503 212 - - ---- 1/1/0/0/0 0/0 "GET /x HTTP/1.1"`:              "failure",
		`2024-03-03T09:12:45.120000Z shop 203.0.113.7:50123 10.0.0.1:80 0.000073 0.001048 0.000057 404 404 0 29 "GET http://shop.example:80/x HTTP/1.1" "curl/7.38.0" - -`: "failure",
		`{"time":"2024-03-03T09:12:44Z","remote_addr":"203.0.113.7","request_method":"GET","request_uri":"/a","status":500}`:                                               "failure",
		`{"time":"2024-03-03T09:12:44Z","remote_addr":"203.0.113.7","request":"GET /a HTTP/1.1","status":"201","user_agent":"x"}`:                                          "success",
	} {
		e := parseAll(Recognise(Formats, in), in)
		if len(e) != 1 || e[0].Get("event.outcome").String() != want {
			t.Errorf("%d events, want %s: %s", len(e), want, in)
		}
	}
	for status, want := range map[string]string{"200": "success", "500": "failure", "-": ""} {
		out := splitParse(t, W3C, fields+"2024-03-03 09:12:44 GET /a 203.0.113.7 "+status+"\n", 1<<16)
		if len(out.Events) != 1 || out.Events[0].Get("event.outcome").String() != want || out.Events[0].Get("cs-uri").String() != "/a" {
			t.Errorf("status %s: %v", status, fieldsOf(&out.Events[0]))
		}
	}
}
