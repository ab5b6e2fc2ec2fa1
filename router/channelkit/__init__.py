"""The tools for those who make and connect channels: a new folder, a check of all, a try of one account."""
