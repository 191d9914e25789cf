"""The pages of a team: its people, its lines, its policies. Managers change them, everybody on the team may look."""
