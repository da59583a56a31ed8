package source

var otlp = protocol{prefix: "/v1/logs", take: func(a *arrival) {}, refuse: refuseLines}
