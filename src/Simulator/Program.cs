Console.WriteLine("Heal.Simulator");
