// Receiver is where Alertmanager sends its messages in tests: it keeps each alert of each message, and gives all of them to who asks.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"sync"
)

// An alert of a message, as it came.
var (
	lock  sync.Mutex
	taken = []json.RawMessage{}
)

func main() {
	http.HandleFunc("POST /", take)
	http.HandleFunc("GET /", give)
	log.Fatal(http.ListenAndServe(":8080", nil))
}

func take(_ http.ResponseWriter, request *http.Request) {
	var message struct{ Alerts []json.RawMessage }
	if err := json.NewDecoder(request.Body).Decode(&message); err != nil {
		panic(err) // the sender gets no answer, and tries again
	}
	lock.Lock()
	defer lock.Unlock()
	taken = append(taken, message.Alerts...)
}

func give(answer http.ResponseWriter, _ *http.Request) {
	lock.Lock()
	defer lock.Unlock()
	if err := json.NewEncoder(answer).Encode(taken); err != nil {
		panic(err)
	}
}
