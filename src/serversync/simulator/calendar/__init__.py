"""What Exchange computes about calendars: time zones, series, meetings, iCalendar; nothing here touches a request."""
