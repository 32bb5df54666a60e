Console.WriteLine("Heal.Functions");
