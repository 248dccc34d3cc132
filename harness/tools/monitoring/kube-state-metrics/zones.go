package main

// The official image has the time zones of CronJobs as files; an image of the program alone has none, and without them it panics.
import _ "time/tzdata"
